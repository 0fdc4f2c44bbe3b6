# lmd's hooks for zsh 5.3 and later: a chord turns the line into a command, or repairs the one that
# failed. Nothing is ever run. `lmctl init zsh` prints this file; docs/shell.md describes it.

# Whoever sources this has options and aliases of their own, and they would change what it says. So
# the first pass, with every word quoted, reads the file again as zsh itself would, and ends.
'builtin' '[' "${_lmd_pass-}" '=' 'clean' ']' ||
  'builtin' 'emulate' 'zsh' '-o' 'no_aliases' '-o' 'no_all_export' '-c' '
  if [[ "${${(@)funcstack:#\(eval\)}[1]}" == (*/|)lmctl.zsh ]]; then
    _lmd_pass=clean; builtin source "${${(@)funcstack:#\(eval\)}[1]}"; _lmd_pass=done
  fi'
'builtin' '[' "${_lmd_pass-}" '!=' 'done' ']' || {
  'builtin' 'unset' '_lmd_pass'; 'builtin' 'return' '0'
}

typeset -ga _lmd_modes=(
  -o extended_glob -o no_aliases -o no_all_export -o no_err_exit -o no_err_return -o no_xtrace
  -o typeset_silent -o multibyte
)
typeset -ga _lmd_commands=() _lmd_points=() _lmd_marks=()
typeset -g _lmd_before='' _lmd_now='' _lmd_place='' _lmd_names='' _lmd_names_of='' _lmd_hidden=''
typeset -gi _lmd_cursor=0 _lmd_change=0 _lmd_turn=0 _lmd_memory=${_lmd_memory:--1}

# The widgets that a key may stand for while an answer is awaited: they move, delete or undo.
typeset -g _lmd_editing='((|vi-|emacs-)(back|for)ward-word|(|vi-)(back|for)ward-char'
_lmd_editing+='|(|vi-)(beginning|end)-of-line|(|vi-)backward-delete-char|delete-char'
_lmd_editing+='|(|vi-)(|backward-)kill-(word|line)|kill-(whole-line|buffer)|undo|redo'
_lmd_editing+='|transpose-(chars|words)|yank)'

# Invisible or private characters, and spaces that are none; in bytes: `\u` needs a UTF-8 locale.
_lmd_hidden=$'\xc2\xa0\xc2\xad\xcd\x8f\xd8\x9c\xe1\x85\x9f\xe1\x85\xa0\xe1\x9a\x80'
_lmd_hidden+=$'\xe1\x9e\xb4\xe1\x9e\xb5'
_lmd_hidden+=$'\xe1\xa0\x8b-\xe1\xa0\x8f\xe2\x80\x80-\xe2\x80\x8f\xe2\x80\xa8-\xe2\x80\xaf'
_lmd_hidden+=$'\xe2\x81\x9f-\xe2\x81\xaf\xe2\xa0\x80\xe3\x80\x80\xe3\x85\xa4'
_lmd_hidden+=$'\xee\x80\x80-\xef\xa3\xbf'
_lmd_hidden+=$'\xef\xb8\x80-\xef\xb8\x8f\xef\xbb\xbf\xef\xbe\xa0\xef\xbf\xb9-\xef\xbf\xbb'
# Signs that act on the characters around them.
_lmd_hidden+=$'\xd8\x80-\xd8\x85\xdb\x9d\xdc\x8f\xe0\xa2\x90-\xe0\xa2\x91\xe0\xa3\xa2'
_lmd_hidden+=$'\xf0\x91\x82\xbd\xf0\x91\x83\x8d\xf0\x93\x90\xb0-\xf0\x93\x90\xbf'
_lmd_hidden+=$'\xf0\x9b\xb2\xa0-\xf0\x9b\xb2\xa3\xf0\x9d\x85\xb3-\xf0\x9d\x85\xba'
_lmd_hidden+=$'\xf3\xa0\x80\x80-\xf4\x8f\xbf\xbf'

# Widgets

_lmd_suggest() { _lmd_widget suggest "$?" }
_lmd_explain() { _lmd_widget explain "$?" }
_lmd_fix() { _lmd_widget fix "$?" }
_lmd_cycle() { _lmd_widget cycle "$?" }
_lmd_undo() { _lmd_widget undo "$?" }
_lmd_chord() { _lmd_widget chord "$?" }

_lmd_widget() { # NAME STATUS: once, and once more for each time its keys come while it waits
  builtin emulate -L zsh "${_lmd_modes[@]}"
  local answer='' stopped='' keys='' asked='' again=1
  local -i code=$2
  builtin trap 'stopped=1' INT
  while [[ -n $again ]]; do
    answer='' stopped='' again=''
    _lmd_do_$1
    [[ -z $asked ]] || _lmd_press
  done
  return 0
}

_lmd_do_suggest() {
  _lmd_request suggest "$BUFFER"
}

_lmd_do_explain() {
  if _lmd_has_text "$BUFFER" && _lmd_ask explain "$BUFFER"; then
    local -a lines=("${(@f)${answer%$'\n'}}")
    _lmd_say "${(F)lines[1,12]}"
  fi
}

_lmd_do_fix() {
  local REPLY=''
  if [[ $BUFFER == *[^[:space:]]* ]]; then
    _lmd_last && [[ $REPLY == "$BUFFER" ]] || local -i code=-1
    _lmd_request fix "$BUFFER" $code
  elif ! _lmd_last; then
    _lmd_say 'lmd: no last command to fix; put it on the line'
  elif _lmd_is_private "$REPLY"; then
    _lmd_say 'lmd: the last command is not for the history; put it on the line to fix it'
  elif (( code == 0 || code == 130 )); then # 130: Ctrl-C, perhaps on the prompt
    _lmd_say 'lmd: the last command did not fail; put it on the line to change it'
  else
    _lmd_request fix "$REPLY" $code
  fi
}

_lmd_do_cycle() {
  if _lmd_is_repeated; then
    _lmd_put $(( _lmd_turn % $#_lmd_commands + 1 ))
  else
    _lmd_say 'lmd: there is no candidate'
  fi
}

_lmd_do_undo() {
  if (( _lmd_turn )) && _lmd_is_repeated; then
    builtin zle undo $_lmd_change
    BUFFER=$_lmd_before CURSOR=$_lmd_cursor
    _lmd_forget
    _lmd_say ''
  else
    _lmd_say 'lmd: nothing to undo'
  fi
}

_lmd_do_chord() {
  if _lmd_is_repeated; then
    _lmd_do_cycle
  elif [[ $BUFFER == *[^[:space:]]* ]]; then
    _lmd_do_suggest
  else
    _lmd_do_fix
  fi
}

# What was answered for the line

_lmd_request() { # TASK TEXT [STATUS]: ask, and put the best candidate on the line
  _lmd_has_text "$2" || return 0
  _lmd_forget
  _lmd_ask "$@" && _lmd_take "$answer"
  _lmd_now=$BUFFER _lmd_place="$HISTCMD $HISTNO $PWD"
}

_lmd_take() { # ANSWER: keep its candidates, show the first or say what there is
  local -a lines=("${(@f)1}") fields
  local state=${lines[1]%%$'\t'*} message=${lines[1]#*$'\t'} line
  local -i number=0
  for line in "${(@)lines[2,11]}"; do
    fields=("${(@ps:\t:)line}")
    number+=1
    [[ $#fields -eq 3 && $fields[1] == <0-4096> ]] && _lmd_is_insertable "$fields[3]" || continue
    # What is left when the likeliest is turned down is nothing to be sure of.
    if [[ $state == sure ]] && (( number > 1 && ! $#_lmd_commands )); then
      state=unsure message='the likeliest command may not stand on this line'
    fi
    _lmd_points+=($fields[1]) _lmd_marks+=("$fields[2]") _lmd_commands+=("$fields[3]")
  done
  if [[ $state != (sure|unsure|none) || $lines[1] != *$'\t'* ]]; then
    _lmd_forget
    _lmd_say 'lmd: the answer was not understood'
  elif (( ! $#_lmd_commands )); then
    _lmd_say "lmd: ${message:-nothing that may be put on the line}"
  elif [[ $state == sure ]]; then
    _lmd_put 1 "$message"
  else
    message="lmd: ${message:-not sure}; the chord again takes the first:"
    for line in {1..$(( $#_lmd_commands < 3 ? $#_lmd_commands : 3 ))}; do
      message+=$'\n'"  $_lmd_commands[line]${_lmd_marks[line]:+  ($_lmd_marks[line])}"
    done
    _lmd_say "$message"
  fi
}

_lmd_put() { # N [MESSAGE]: the line becomes candidate N, one undo away from what it was
  local lead='' said=''
  if (( _lmd_turn )); then
    builtin zle undo $_lmd_change
  else
    _lmd_before=$BUFFER _lmd_cursor=$CURSOR _lmd_change=$UNDO_CHANGE_NO
  fi
  # A line that starts with a space is kept out of the history; so is what comes of it.
  [[ -o hist_ignore_space && $_lmd_before == ' '* ]] && lead=' '
  _lmd_turn=$1
  _lmd_now=$lead$_lmd_commands[$1]
  # vi would undo all that was inserted before and after this along with it.
  builtin zle split-undo
  BUFFER=$_lmd_now CURSOR=$(( $_lmd_points[$1] + $#lead ))
  builtin zle split-undo
  said=$_lmd_marks[$1]
  builtin zle -R # for BUFFERLINES
  if [[ -n $said ]] && (( BUFFERLINES >= LINES )); then
    # Nobody would see the mark.
    builtin zle undo $_lmd_change
    BUFFER=$_lmd_before CURSOR=$_lmd_cursor _lmd_now=$_lmd_before
    builtin zle -R
    _lmd_say "lmd: not inserted: the terminal has no room for the command and its mark: $said"
    return
  fi
  [[ -n ${2-} ]] && said+="${said:+; }$2"
  _lmd_say "${said:+lmd: $said}"
}

_lmd_is_repeated() { # whether the line is as it was left, with candidates
  (( $#_lmd_commands )) && [[ $BUFFER == "$_lmd_now" && $_lmd_place == "$HISTCMD $HISTNO $PWD" ]]
}

_lmd_forget() {
  _lmd_commands=() _lmd_points=() _lmd_marks=() _lmd_turn=0 _lmd_now='' _lmd_before=''
}

_lmd_is_insertable() { # COMMAND: the last look before it is on the line
  local -i bytes
  () { builtin setopt local_options no_multibyte; bytes=$#1 } "$1"
  [[ $bytes -gt 0 && $bytes -le 4096 && $1 != ' '* && $1 != *[^[:print:]]* ]] || return 1
  [[ $1 != *[^' '-'~']* ]] || { _lmd_is_utf8 && [[ $1 != *[${~_lmd_hidden}]* ]] }
}

_lmd_say() { # TEXT: below the line, with nothing in it that a terminal acts on, or nothing
  local -a lines=("${(@f)1}")
  local -i line width rows=$(( LINES - BUFFERLINES - 1 ))
  lines=("${(@)lines//[^[:print:]]/?}")
  _lmd_is_utf8 && lines=("${(@)lines//[${~_lmd_hidden}]/?}")
  # What does not fit would push prompt and line out of the terminal.
  (( rows > 0 )) || rows=1
  for line in {1..$#lines}; do
    width=${(m)#lines[line]}
    if (( width > rows * COLUMNS || line < $#lines && width > (rows - 1) * COLUMNS )); then
      lines=("${(@)lines[1,line]}")
      (( width <= rows * COLUMNS - 4 )) || lines[line]=${(mr:rows * COLUMNS - 4:)lines[line]}
      _lmd_is_utf8 && lines[line]+=' …' || lines[line]+=' ...'
      break
    fi
    (( rows -= width > COLUMNS ? (width + COLUMNS - 1) / COLUMNS : 1 ))
  done
  builtin zle -M -- "${(F)lines}"
}

_lmd_has_text() {
  if [[ $1 != *[^[:space:]]* ]]; then
    _lmd_say 'lmd: there is nothing on the line'
  elif (( $#1 > 16384 )); then
    _lmd_say "lmd: the line has $#1 characters; 16384 is the most"
  else
    return 0
  fi
  return 1
}

# Asking: over the socket where zsh can, else with lmctl, which also starts a daemon

_lmd_ask() { # TASK TEXT [STATUS]: sets `answer` and `keys`; what goes wrong is said
  local task=$1 text=$2 owner=zsh-$$ REPLY='' error='' place=''
  local -i code=${3:--1} fd=-1 child=0 ended=1
  local -a side=()
  if ! builtin zmodload zsh/system 2>/dev/null; then
    _lmd_say 'lmd: the hooks need the module zsh/system; lmctl suggest works without it'
    return 1
  fi
  asked=1
  [[ $task == suggest ]] && _lmd_history
  [[ $task == fix && $code -ge 0 ]] && _lmd_output
  _lmd_find_socket && _lmd_params
  {
    # In a process of its own, which can be ended: a daemon that hangs would block this one.
    exec {fd}< <(
      builtin print -r -- $sysparams[pid]
      _lmd_answer "$REPLY"
    )
    IFS='' builtin read -r -u $fd child
    _lmd_wait $fd
    ended=$?
  } always {
    (( fd < 0 )) || exec {fd}<&-
    (( child && ended )) && { builtin kill -TERM -$child || builtin kill -TERM $child } 2>/dev/null
  }
  (( ended )) || _lmd_read_answer
  [[ -z $error ]] || _lmd_say "lmd: $error"
  [[ $ended == 0 && -z $error ]]
}

_lmd_answer() { # PARAMETERS: prints what lmctl would print, or runs lmctl
  local lmctl=${LMD_LMCTL:-lmctl} option=--error
  local -a words=($task --widget --quiet --shell zsh --deadline 10 --supersede $owner)
  if [[ -n $place ]] && zsocket "$place" 2>/dev/null; then
    _lmd_exchange $REPLY "$1" || REPLY="lmctl: ${REPLY//$'\n'/ }"
    builtin print -rn -- "$REPLY"
    return
  fi
  builtin zmodload zsh/parameter 2>/dev/null
  if [[ ! -x $lmctl || $lmctl != */* ]] && (( ! ${+commands[$lmctl]} )); then
    builtin print -r -- "lmctl: there is no $lmctl: see LMD_LMCTL"
    return
  fi
  (( code < 0 )) || words+=(--status $code)
  exec 2>&1 < <(builtin print -rn -- "$text")
  [[ $task == suggest ]] && option=--history
  (( $#side )) && exec "$lmctl" $words $option <(builtin print -rl -- "${(@)side}")
  exec "$lmctl" $words
}

_lmd_find_socket() { # the daemon's in `place`, if it is in a folder of ours alone
  local runtime=${XDG_RUNTIME_DIR:-}
  local -A of
  [[ $runtime == /* ]] && runtime+=/lmd || runtime=${TMPDIR:-/tmp}/lmd-$UID
  place=${LMD_SOCKET:-$runtime/lmd.sock}
  {
    { _lmd_is_utf8 || [[ $text$PWD != *[^' '-'~'$'\n']* ]] } &&
      builtin zmodload zsh/net/socket && builtin zmodload -F zsh/stat b:zstat &&
      zstat -LH of -- "${place:h}" && (( of[uid] == EUID && (of[mode] & 8#170077) == 8#040000 )) &&
      zstat -LH of -- "$place" && (( of[uid] == EUID && (of[mode] & 8#170000) == 8#140000 ))
  } 2>/dev/null || { place=''; return 1 }
}

_lmd_exchange() { # FD PARAMETERS: the text for a widget in REPLY; false, with an error, if none
  local answer='' part=''
  builtin trap '' PIPE # the daemon may be gone
  syswrite -o $1 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$task\",\"params\":{$2}}"$'\n'
  # Longer than `_lmd_wait` waits: it can tell a daemon that hangs from one that has ended.
  while [[ $part != *$'\n'* && $#answer -lt 1048576 ]] && sysread -i $1 -t 20 part; do
    answer+=$part
  done
  if [[ $part != *$'\n'* ]]; then
    REPLY='the daemon ended before it answered; the chord asks again'
    (( $#answer < 1048576 )) || REPLY='the answer is too long'
    return 1
  fi
  _lmd_json_field widget "$answer" && return 0
  _lmd_json_field message "$answer" || REPLY='the answer was not understood'
  return 1
} 2>/dev/null

_lmd_params() { # the parameters of the request, as JSON, in REPLY
  local params
  _lmd_json "$text"
  params='"shell":"zsh","widget":true,"deadline":10'
  params+=",\"text\":$REPLY,\"supersede\":\"$owner\""
  if [[ $PWD != *[[:INVALID:]]* && $#PWD -le 4096 ]]; then
    _lmd_json "$PWD"
    params+=",\"cwd\":$REPLY"
  fi
  if [[ $task != explain ]]; then
    _lmd_installed
    [[ -z $_lmd_names ]] || params+=",\"commands\":[$_lmd_names]"
  fi
  (( code < 0 )) || params+=",\"status\":$code"
  if (( $#side )) && [[ $task == suggest ]]; then
    local -a lines=()
    for REPLY in "${(@)side}"; do _lmd_json "$REPLY"; lines+=("$REPLY"); done
    params+=",\"history\":[${(j:,:)lines}]"
  elif (( $#side )); then
    _lmd_json "${(F)side}"
    params+=",\"error\":$REPLY"
  fi
  REPLY=$params
}

_lmd_json() { # TEXT: as a JSON string in REPLY
  local text=$1 back='\' quote='"' control code
  text=${text//"$back"/$back$back}
  text=${text//"$quote"/$back$quote}
  if [[ $text == *[[:cntrl:]]* ]]; then
    for code in {0..31} 127; do
      control=${(#)code}
      text=${text//"$control"/${back}u00${(l:2::0:)$(( [##16] code ))}}
    done
  fi
  REPLY=$quote$text$quote
}

_lmd_installed() { # names that exist, as JSON in _lmd_names; kept until a folder on PATH changes
  # All of zsh/stat would put a `stat` of its own in front of the user's.
  builtin zmodload zsh/parameter && builtin zmodload -F zsh/stat b:zstat || return
  local -a folders=(${^path:A}(N-/)) times=() names=()
  folders=(${(u)folders})
  zstat -A times +mtime -- $folders 2>/dev/null
  local of="$folders $times $#aliases $#functions"
  [[ $of != "$_lmd_names_of" ]] || return 0
  names=(${^folders}/*(NoN:t) ${(k)builtins} ${(k)reswords} ${(k)aliases} ${(k)functions:#_*})
  names=(${(Mu)names:#[A-Za-z0-9_.+@:,%=~!\[\]-](#c1,255)})
  _lmd_names_of=$of _lmd_names="\"${(j:",":)names}\""
  # A part of them would make commands look as if they were missing.
  (( $#names <= 16384 && $#_lmd_names <= 262144 )) || _lmd_names=''
}

_lmd_read_answer() { # the text for a widget out of `answer`, or the error in `error`
  local tab=$'\t'
  local -a parts=("${(@f)answer}")
  local -i first=1
  if [[ $task == explain ]]; then
    [[ $answer != 'lmctl: '* ]] || error=${parts[1]#lmctl: }
  else
    first=${parts[(i)(sure|unsure|none)$tab*]}
    (( first <= $#parts )) || error=${${parts[1]:-lmctl said nothing}#lmctl: }
    answer="${(F)parts[first,-1]}"
  fi
}

_lmd_json_field() { # NAME JSON: the text of a field in REPLY; the first of that name counts
  local name=\"$1\" back='\' part text
  # A quote inside of a text has a backslash, so only a name or a whole text can look like this.
  for part in "${(@)${(@ps:$name:)2}[2,-1]}"; do
    [[ $part == [[:space:]]#:[[:space:]]#\"* ]] || continue
    text=${part#*\"}
    # Backslashes and quotes of the text are set aside: then a quote ends it, and `\n` is a newline.
    text=${text//"$back$back"/$'\1'}
    text=${text//"$back\""/$'\2'}
    text=${text%%\"*}
    text=${text//"${back}n"/$'\n'}
    text=${text//"${back}t"/$'\t'}
    text=${text//"$back\/"/\/}
    _lmd_json_codes "$text"
    # What is escaped still is a control character, and stays what no line may hold.
    REPLY=${REPLY//"$back"/$'\3'}
    REPLY=${${REPLY//$'\1'/$back}//$'\2'/\"}
    return 0
  done
  return 1
}

_lmd_json_codes() { # TEXT: with its \uXXXX as characters in REPLY
  local separator='\u' part=''
  local -a parts=("${(@ps:$separator:)1}")
  local -i code high=0
  REPLY=$parts[1]
  for part in "${(@)parts[2,-1]}"; do
    [[ $part == [0-9a-fA-F](#c4)* ]] || { REPLY+=$'\3'; continue }
    code=16#$part[1,4]
    if (( code >= 0xD800 && code < 0xDC00 && $#part == 4 )); then
      high=$code
      continue
    fi
    (( high && code >= 0xDC00 && code < 0xE000 )) &&
      code=$(( 0x10000 + (high - 0xD800) * 0x400 + code - 0xDC00 ))
    high=0
    # Half a character, or one that this locale lacks, is none that may be on a line.
    (( code >= 0xD800 && code < 0xE000 || code < 32 && code != 9 && code != 10 )) && code=3
    _lmd_is_utf8 || (( code < 128 )) || code=3
    REPLY+=${(#)code}${part[5,-1]}
  done
}

# Waiting

_lmd_wait() { # FD: reads `answer` to its end; false with `error`, or none if the chord came again
  local part='' shown=$POSTDISPLAY REPLY=''
  local -i until=$(( SECONDS + 12 )) got=0
  _lmd_pressed_chord
  {
    while :; do
      sysread -i $1 -t 0.05 part
      got=$?
      (( got )) || answer+=$part
      if [[ -n $stopped ]]; then
        error=cancelled
      elif (( got == 5 )); then
        return 0
      elif (( $#answer > 1048576 )); then
        error='the answer is too long'
      elif (( SECONDS > until )); then
        error='no answer within 10 seconds'
      fi
      [[ -z $error ]] || return 1
      _lmd_read_keys
      [[ $keys == *"$REPLY"* ]] && return 1
      if [[ $got -eq 4 && $POSTDISPLAY == "$shown" ]]; then
        _lmd_is_utf8 && POSTDISPLAY=' …' || POSTDISPLAY=' ...'
        builtin zle -R
      fi
    done
  } always {
    POSTDISPLAY=$shown
  }
}

# Keys pressed while waiting: text, and what moves or deletes, comes after the answer. An Enter that
# was meant for what stood there before must not run what stands there now, nor may another key. So
# none of them goes back to the keymaps, where several together may be bound to anything.

_lmd_read_keys() { # what was pressed, in `keys`; zle has some already where a chord goes on
  local key=''
  while (( PENDING || KEYS_QUEUED_COUNT )) && builtin read -t 0.1 -k 1 key; do keys+=$key; done
}

_lmd_pressed_chord() { # in REPLY what called this widget; something no key sends, if its name did
  REPLY=$KEYS
  [[ $KEYS == [[:cntrl:]]* && $KEYS != *[$'\r\n']* ]] || REPLY=$'\0none'
}

_lmd_press() { # what may be of `keys` is for the line as it is now; `again` at the chord
  local key='' bound='' entered='' REPLY=''
  _lmd_pressed_chord
  _lmd_read_keys
  # Escape, or the first byte of a paste.
  [[ $keys != *$'\e' ]] || ! builtin read -t 0.5 -k 1 key || { keys+=$key; _lmd_read_keys }
  while [[ -n $keys ]]; do
    builtin zle split-undo
    case $keys in
      ("$REPLY"*) again=1 keys=$keys[$#REPLY+1,-1]; return ;;
      ($'\e[200~'*$'\e[201~'*)
        key=${${keys#$'\e[200~'}%%$'\e[201~'*}
        keys=$keys[$#key+13,-1] # 6 for each end
        LBUFFER+=${key//$'\r'/$'\n'}
        continue
        ;;
      # zle itself waits for the rest; cut off, it would be run.
      ($'\e[200~'*|$'\e['[0-9]#) builtin zle -R; builtin zle -U -- "$keys"; keys=''; return ;;
      ($'\e'*) key=${(M)keys##$'\e'(\[[0-9;?<=>]#?|O?|?|)} ;;
      ($'\x18'*) key=$keys[1,2] ;;
      ([[:cntrl:]]*) key=$keys[1] ;;
      (*)
        key=${(M)keys##[[:print:]]##}
        keys=${keys[${#${key:=$keys[1]}}+1,-1]}
        [[ $KEYMAP == vicmd || -n $entered ]] || LBUFFER+=$key
        continue
        ;;
    esac
    keys=$keys[$#key+1,-1]
    # What follows an Enter was meant for another line.
    [[ $key != [$'\r\n'] ]] || entered=1
    bound=${"$(builtin bindkey -M $KEYMAP -- "$key" 2>/dev/null)"##* }
    [[ -n $entered || $bound != ${~_lmd_editing} ]] || builtin zle .$bound -N
  done
}

# What is known about the shell

_lmd_is_utf8() {
  builtin zmodload zsh/langinfo 2>/dev/null && [[ ${langinfo[CODESET]-} == (#i)utf(-|)8 ]]
}

_lmd_last() { # the last command of this shell in REPLY
  builtin zmodload zsh/parameter 2>/dev/null || return
  # Not the newest of the history, which other shells may share.
  local number=$(builtin fc -lL -1 2>/dev/null)
  number=${${number##[[:space:]]#}%%[^0-9]*}
  REPLY=${number:+$history[$number]}
  [[ -n $REPLY && ${CONTEXT:-start} == start ]]
}

_lmd_is_private() { # LINE: whether the user keeps it out of the history
  # An alias that begins with a space hides a line as well.
  [[ -o hist_ignore_space && ( $1 == [[:space:]]* || ${aliases[${1%%[[:space:]]*}]-} == ' '* ) ]] &&
    return 0
  [[ -n ${HISTORY_IGNORE-} ]] || return 1
  # A pattern that is broken was meant to keep something private.
  local -i matches=1
  {
    [[ $1 == ${~HISTORY_IGNORE} ]]
    matches=$(( $? != 1 ))
  } always {
    TRY_BLOCK_ERROR=0
  } 2>/dev/null
  (( matches == 0 )) && [[ -o extended_glob ]] || return $(( ! matches ))
  builtin setopt local_options no_extended_glob
  _lmd_is_private "$1"
}

_lmd_history() { # the lines the user agreed to send in `side`, oldest first
  local -i number=${HISTCMD:-0} tries=200 most
  local line=''
  [[ ${LMD_HISTORY-} == <1-> ]] && builtin zmodload zsh/parameter 2>/dev/null || return 0
  # zsh itself forgets the newest only with the next, if a hook keeps it out of the history.
  (( ${+functions[zshaddhistory]} + $#zshaddhistory_functions )) && (( --number ))
  most=$(( LMD_HISTORY < 50 ? LMD_HISTORY : 50 ))
  while (( --number > 0 && tries-- && $#side < most )); do
    line=${history[$number]-}
    [[ -n $line && $line != *$'\n'* && $#line -le 4096 ]] || continue
    _lmd_is_private "$line" || side=("$line" "${(@)side}")
  done
}

_lmd_output() { # what the last command showed in `side`, where the user opted in
  local all
  [[ ${LMD_CAPTURE-} == 1 && -n ${TMUX-} && -n ${TMUX_PANE-} ]] || return 0
  all=$(command tmux capture-pane -p -J -S -200 -t $TMUX_PANE 2>/dev/null)
  [[ $all == *"$text"* ]] || return 0
  side=("${(@f)${all##*"$text"}}")
  side=("${(@)side:#[[:space:]]#}")
  all=${(F)side}
  side=(${all:+"${all[-16384,-1]}"})
}

# Ghost text: ZSH_AUTOSUGGEST_STRATEGY=(history lmd), for zsh-autosuggestions in its asynchronous
# mode. There this runs in a process that the next key ends: a request is made only after a pause,
# and the daemon drops it when nobody waits any more.

_zsh_autosuggest_strategy_lmd() {
  builtin emulate -L zsh "${_lmd_modes[@]}"
  typeset -g suggestion=''
  local text=$1 task=suggest owner=zsh-ghost-$$ REPLY='' place=''
  local -i code=-1 fd=-1
  local -a side=() lines=()
  (( ZSH_SUBSHELL )) && _lmd_has_ghost "$text" || return 0
  if _lmd_recall "$text"; then
    suggestion=$REPLY
    return 0
  fi
  builtin zmodload zsh/zselect && zselect -t 30
  if _lmd_find_socket && zsocket "$place"; then
    fd=$REPLY
    _lmd_params
    _lmd_exchange $fd "$REPLY,\"priority\":\"batch\",\"n\":1" || return 0
    exec {fd}<&-
  else
    builtin zmodload zsh/net/socket && return 0
    REPLY=$(builtin print -rn -- "$text" | LMD_NO_START=1 command "${LMD_LMCTL:-lmctl}" suggest \
      --widget --quiet --shell zsh -n 1 --priority batch --deadline 5 --supersede $owner)
    [[ -n $REPLY ]] || return 0
  fi
  lines=("${(@f)REPLY}")
  lines=("${(@ps:\t:)lines[2]-}")
  # What has a mark needs its words beside it, and ghost text has no room for them.
  [[ $#lines -eq 3 && -z $lines[2] && $lines[3] == "$text"?* ]] &&
    _lmd_is_insertable "$lines[3]" && suggestion=$lines[3]
  _lmd_remember "$text"
} 2>/dev/null

_lmd_has_ghost() { # LINE: whether it is worth a request, and one the user would mind nobody seeing
  [[ $#1 -ge 3 && $#1 -le 1000 && $1 != *[$'\n\t']* && $1 != [[:space:]]* ]] || return 1
  [[ ${CONTEXT:-start} == start ]] && builtin zmodload zsh/system && ! _lmd_is_private "$1"
}

# The answers of earlier requests. The process that asks is gone when its answer is there, so they
# are in a file without a name, which this shell and the processes for ghost text have open.

_lmd_open_memory() {
  builtin emulate -L zsh "${_lmd_modes[@]}"
  local file=${TMPPREFIX:-/tmp/zsh}-lmd-$$-$RANDOM
  (( _lmd_memory < 0 )) && [[ " ${(j: :)ZSH_AUTOSUGGEST_STRATEGY-} " == *' lmd '* ]] || return 0
  builtin zmodload zsh/system && builtin zmodload -F zsh/files b:zf_rm &&
    sysopen -rw -o cloexec,creat,excl -m 600 -u _lmd_memory -- "$file" && zf_rm -f -- "$file"
  return 0
} 2>/dev/null

_lmd_recall() { # LINE: in REPLY a command known for it, "" where none was found; false if unknown
  local -a entries
  local entry
  _lmd_entries && for entry in "${(@Oa)entries}"; do
    [[ $entry == "${PWD//$'\n'/$'\2'}"$'\1'* ]] || continue
    entry=${entry#*$'\1'}
    REPLY=${entry#*$'\1'}
    [[ $REPLY == "$1"?* || $entry == "$1"$'\1' ]] && return 0
  done
  return 1
}

_lmd_remember() { # LINE: what it led to is `suggestion`; the latest 64 are kept
  local -a entries
  local -i before=0
  local all=''
  _lmd_entries || return 0
  builtin setopt local_options no_multibyte
  before=${#${(F)entries}}
  entries=("${(@)entries[-63,-1]}" "${PWD//$'\n'/$'\2'}"$'\1'"$1"$'\1'"$suggestion")
  all=${(F)entries}
  # A file cannot be made shorter from here: what is left of the old text is blanked.
  sysseek -u $_lmd_memory 0 && syswrite -o $_lmd_memory "${(r:before::\n:)all}"$'\n'
}

_lmd_entries() {
  local part=''
  entries=()
  (( _lmd_memory >= 0 )) && sysseek -u $_lmd_memory 0 || return 1
  local all=''
  while sysread -i $_lmd_memory part; do all+=$part; done
  entries=("${(@f)all}")
  entries=("${(@)entries:#}")
}

# Keys

_lmd_bind() { # binds LMD_KEY, such as `^X a` or `M-s`; and ^X u for undo, where that is free
  builtin emulate -L zsh "${_lmd_modes[@]}"
  local key=${LMD_KEY-'^X a'} chord='' word map
  local -a words=(${(s: :)key})
  [[ -z ${LMD_NOBIND-} ]] && (( $#words )) || return 0
  for word in $words; do
    [[ $word == M-? ]] && chord+='^[' word=$word[3]
    case $word in
      ([\\^]) chord+="\\$word" ;;
      ([\!-~]|'^'[A-BD-IK-LN-Z\[\]_abd-ik-ln-z]) chord+=$word ;;
      (*) chord=''; break ;;
    esac
  done
  if [[ $words[1] == ? || $chord == (|'^[') ]]; then
    builtin print -ru2 -- 'lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s'
    return 0
  fi
  for map in emacs viins vicmd; do
    builtin bindkey -M $map -- $chord lmd-chord
    [[ $(builtin bindkey -M $map '^Xu') != *undefined-key ]] ||
      builtin bindkey -M $map '^Xu' lmd-undo
  done
  return 0
}

if [[ $ZSH_VERSION != (5.<3->*|<6->.*) ]]; then
  builtin print -ru2 -- "lmd: the hooks need zsh 5.3 or later, this is $ZSH_VERSION;" \
    'lmctl suggest works without them'
elif builtin zmodload zsh/zle; then
  () {
    local widget
    for widget in suggest explain fix cycle undo chord; do
      builtin zle -N lmd-$widget _lmd_$widget
    done
  }
  _lmd_bind
  _lmd_open_memory
fi
