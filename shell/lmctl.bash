# lmd's hooks for bash 4.3 and later: a chord turns the line into a command, or repairs the command
# that failed. Nothing is ever run. `lmctl init bash` prints this file; see docs/shell.md.
# shellcheck shell=bash

# An alias would be expanded now, inside of what is defined here; even reserved words can be
# aliases. Command substitutions are read again when they run, so there words are quoted. A function
# that is exported would follow the user into every program. Under `set -k` local sets nothing.
\builtin shopt -q expand_aliases && __lmd_options=aliases || __lmd_options=''
\builtin shopt -u expand_aliases
case $- in *a*) __lmd_options+=-a ;; esac
case $- in *k*) __lmd_options+=-k ;; esac
builtin set +ak

# Widgets. None of them fails: where `set -e` is on, that would end the shell.

# Suggest; on an empty line fix; again, the next candidate. vi's command mode gives two arguments.
__lmd_chord() { __lmd_widget chord "$?" "$#" || :; }
__lmd_suggest() { __lmd_widget suggest "$?" || :; }
__lmd_explain() { __lmd_widget explain "$?" || :; }
__lmd_fix() { __lmd_widget fix "$?" || :; }
__lmd_cycle() { __lmd_widget cycle "$?" || :; }
__lmd_undo() { __lmd_widget undo "$?" || :; }

# All names that are local below. Local from the start, none of them is exported, even where the
# user exports one of that name; and it is known here whether one is readonly, not halfway.
__lmd_names=(
    IFS again byte bytes code command data ended entry exporting folding found head how index
    interrupted keys keywords last line lmctl map maps mark message more number out output part
    paste pattern pid point private raw recent reply rest room rounds row said sequence sign state
    status tail taken text trap typed verb where wide widget
)

# __lmd_widget NAME STATUS [ARGUMENTS], where STATUS is the last command's. `line` and `point` are
# the command line for everything below; `typed` is text that came while waiting, `again` the chord
# that did.
__lmd_widget() {
    if ! builtin local +x "${__lmd_names[@]}"; then
        builtin printf 'lmd: a readonly variable of that name is in the way\n' >&2
        return 0
    fi
    exporting='' keywords=''
    case $- in *a*) exporting=1 ;; esac
    case $- in *k*) keywords=1 ;; esac
    builtin set +ak
    builtin export -n READLINE_LINE READLINE_POINT READLINE_MARK # bash exports them
    IFS=$' \t\n' widget="$1" line="${READLINE_LINE-}" point=0 typed='' again='' folding=''
    if builtin shopt -q nocasematch; then
        folding=1
        builtin shopt -u nocasematch
    fi
    __lmd_get_point
    __lmd_expire
    while :; do
        again=''
        case $widget in
            chord) __lmd_choose "$2" ;;
            suggest) __lmd_propose ;;
            explain) __lmd_describe ;;
            fix) __lmd_repair "$2" ;;
            cycle) __lmd_next ;;
            undo) __lmd_restore ;;
        esac
        if [[ ${3-} == 2 ]]; then typed=''; fi # keys that are commands are no text
        line="${line:0:point}$typed${line:point}" point=$((point + ${#typed})) typed=''
        if [[ -z $again ]]; then break; fi
        widget=chord
    done
    if [[ $line != "${READLINE_LINE-}" ]]; then READLINE_LINE="$line"; fi
    __lmd_set_point
    if [[ -n $folding ]]; then builtin shopt -s nocasematch; fi
    if [[ -n $exporting ]]; then builtin set -a; fi
    if [[ -n $keywords ]]; then builtin set -k; fi
}

__lmd_choose() {
    if [[ -n ${__lmd_commands[0]-} && $line == "${__lmd_state[1]-}" ]]; then
        __lmd_next
    elif [[ $line == *[![:space:]]* ]]; then
        __lmd_propose
    else
        __lmd_repair "$1"
    fi
}

__lmd_propose() {
    builtin local recent=''
    __lmd_nothing || return 0
    __lmd_recent
    if [[ -n $recent ]]; then
        __lmd_request suggest "$line" "$recent" --history /dev/fd/4
    else
        __lmd_request suggest "$line" ''
    fi
}

__lmd_describe() {
    builtin local reply='' text="$line"
    __lmd_nothing || return 0
    if __lmd_call explain "$text" ''; then __lmd_say "$text" "$reply"; fi
}

__lmd_repair() {
    builtin local last='' output='' text="$line"
    __lmd_last
    if [[ $line != *[![:space:]]* ]]; then
        text="$last"
        if [[ -z $last ]]; then
            __lmd_say 'lmd: no last command to fix: put it on the line'
            return 0
        elif (($1 == 0 || $1 == 130 || $1 == 146 || $1 == 148)); then
            # 130: Ctrl-C, perhaps on the prompt. Ctrl-Z is 146 on macOS, 148 on Linux.
            __lmd_say 'lmd: the last command did not fail: to change it, put it on the line'
            return 0
        fi
    fi
    if [[ $text != "$last" ]]; then
        __lmd_request fix "$text" ''
        return 0
    fi
    __lmd_output
    if [[ -n $output ]]; then
        __lmd_request fix "$text" "$output" --status "$1" --error /dev/fd/4
    else
        __lmd_request fix "$text" '' --status "$1"
    fi
}

__lmd_next() {
    builtin local keys=''
    if [[ -z ${__lmd_commands[0]-} ]]; then
        __lmd_say 'lmd: no candidates: ask for them first'
        return 0
    fi
    __lmd_ahead
    if [[ -n ${__lmd_keys-} && $keys == "$typed$__lmd_keys"* ]]; then again=1; fi
    __lmd_turn $(((__lmd_state[4] + 1) % ${#__lmd_commands[@]}))
}

# What was said of one candidate must not seem to be said of the next.
__lmd_turn() {
    if [[ -n ${__lmd_state[5]-} ]]; then
        __lmd_show "$1" "$(($1 + 1)) of ${#__lmd_commands[@]}"
    else
        __lmd_show "$1" ''
    fi
}

__lmd_restore() {
    if [[ -z ${__lmd_state[4]-} ]]; then
        __lmd_say 'lmd: nothing to undo'
    else
        line="${__lmd_state[2]}" point="${__lmd_state[3]}"
        __lmd_forget
    fi
}

__lmd_nothing() {
    if [[ $line == *[![:space:]]* ]]; then return 0; fi
    __lmd_say 'lmd: nothing is on the line'
    return 1
}

# Asking

# __lmd_request VERB TEXT DATA [OPTION]...: ask, and show what came of it.
__lmd_request() {
    builtin local reply=''
    __lmd_forget
    __lmd_bind_undo
    if __lmd_call "$@"; then
        __lmd_state=("${__lmd_state[0]-}" "$line" "$line" "$point" -1 '')
        __lmd_take
    fi
}

# __lmd_call VERB TEXT DATA [OPTION]...: `reply` is what lmctl answers to TEXT, with DATA in
# /dev/fd/4. False where there is no answer; then the user knows why.
__lmd_call() {
    builtin local keys='' how='' ended='' interrupted='' trap=''
    trap="$(\builtin trap -p INT)"
    builtin trap 'interrupted=1' INT # without a trap, Ctrl-C would take the line with it
    __lmd_mark "$2"
    # bash itself has something to say of a NUL in an answer.
    { reply="$(__lmd_answer "$@")"; } 2>/dev/null || interrupted=1
    how="${reply%%$'\n'*}" reply="${reply#*$'\n'}"
    keys="${reply%%$'\n'*}" reply="${reply#*$'\n'}"
    ended="${reply##*$'\n'}" reply="${reply%$'\n'*}"
    if [[ -z $interrupted ]]; then __lmd_ahead; fi
    __lmd_clear
    builtin trap - INT
    builtin eval "$trap"
    if [[ -n $interrupted ]]; then return 1; fi
    if [[ $how == again ]]; then
        again=1
        return 1
    fi
    case $ended in
        0 | 3) return 0 ;;
        126 | 127) # bash's own words, and what it does to a terminal when it ends
            __lmd_say "lmd: lmctl could not be run: ${reply%%$'\n'*}"
            return 1
            ;;
    esac
    reply="${reply##*$'\n'}" # of a traceback the line that says it
    reply="${reply#lmctl: }"
    __lmd_say "lmd: ${reply:-lmctl ended with status $ended}"
    return 1
}

# In a subshell: how it ended, the keys, what lmctl printed, its status; on lines of their own.
__lmd_answer() {
    builtin local verb="$1" text="$2" data="$3" lmctl="${LMD_LMCTL:-lmctl}"
    builtin shift 3
    builtin set +eux
    builtin trap - DEBUG ERR RETURN
    if ! builtin type -P -- "$lmctl" >/dev/null; then
        builtin printf 'ended\n\nthere is no %s: see LMD_LMCTL\n1' "$lmctl"
        return
    fi
    # shellcheck disable=SC2034 # a start-up file may set them and not export them
    builtin export LMD_NO_START LMD_SOCKET
    if [[ -n $data ]]; then
        __lmd_run "$@" 3<&0 4<<<"$data"
    else
        __lmd_run "$@" 3<&0
    fi
}

__lmd_run() {
    builtin printf '%s' "$text" | {
        builtin printf '%s\n' "$BASHPID"
        builtin exec "$lmctl" "$verb" --widget --quiet --shell bash --deadline 10 \
            --supersede "bash-$$" "$@" 2>&1 3<&-
    } | __lmd_wait
    builtin printf '\n%s' "${PIPESTATUS[1]}"
}

# Read what lmctl prints, from stdin, until it ends or the chord comes from the terminal, 3.
__lmd_wait() {
    builtin local how=ended keys='' out='' part='' pid='' status=0
    builtin read -r pid
    while ((status != 1 && ${#out} < 100000)); do
        if IFS='' builtin read -r -d '' -t 0.05 part; then status=0; else status=$?; fi
        out+="$part"
        __lmd_keys 3
        if [[ -n ${__lmd_keys-} && $keys == *"$__lmd_keys"* ]]; then
            how=again
            builtin kill -s TERM "$pid" 2>/dev/null
            break
        fi
    done
    while [[ $out == *$'\n' ]]; do out="${out%$'\n'}"; done
    builtin printf '%s\n%s\n%s' "$how" "${keys//$'\n'/$'\r'}" "$out"
}

# Keys pressed while waiting: text goes on the line, and nothing else does anything. An Enter that
# was meant for something that was not there yet must not run what is there now.

# What has been typed ahead, to `keys`, and of that the text, to `typed`.
__lmd_ahead() {
    __lmd_keys 0
    keys="${keys//$'\e[20'[01]'~'/}" # the brackets of a paste
    typed="${keys%%[[:cntrl:]]*}"
}

# __lmd_keys TERMINAL: add what has been typed to `keys`. A paste is taken whole: of its second half
# alone, every line would be run.
__lmd_keys() {
    builtin local more='' tail='' paste='' rounds=0
    [[ -t $1 ]] || return 0
    while ((rounds++ < 4096)); do
        if [[ -z $paste ]]; then
            builtin read -r -t 0 -u "$1" || return 0
        fi
        more=''
        IFS='' builtin read -r -s -d '' -n 4096 -t "${paste:-0.01}" -u "$1" more
        [[ -n $more ]] || return 0
        if ((${#keys} < 65536)); then keys+="$more"; fi
        if ((${#tail} > 6)); then tail="${tail: -6}"; fi
        tail+="$more"
        case ${tail##*$'\e[20'} in
            0~*) paste=1 ;;
            1~*) paste='' ;;
        esac
    done
}

# Candidates

# Read `reply`: sure|unsure|none TAB message, then for each candidate POINT TAB MARK TAB COMMAND.
# lmctl has checked all of it; what goes on a command line is checked where it goes there.
__lmd_take() {
    builtin local head="${reply%%$'\n'*}" entry='' where='' mark='' index=0 number=0
    builtin local wide=$'\303\261'
    builtin local state="${head%%$'\t'*}" message="${head#*$'\t'}"
    builtin local rest="${reply:${#head}+1}"
    while [[ -n $rest ]] && ((${#__lmd_commands[@]} < 10)); do
        entry="${rest%%$'\n'*}" rest="${rest:${#entry}+1}" number=$((number + 1))
        where="${entry%%$'\t'*}" entry="${entry#*$'\t'}"
        mark="${entry%%$'\t'*}" entry="${entry#*$'\t'}"
        case $where in '' | *[!0-9]* | ??????*) continue ;; esac
        case $entry in '' | [[:space:]]* | *[[:cntrl:]]*) continue ;; esac
        if ((${#wide} == 1)) && [[ $entry == *[![:print:]]* ]]; then continue; fi
        if [[ $entry == *[![:ascii:]]* ]] && ! __lmd_visible "$entry"; then continue; fi
        if ((${#entry} > 4096)); then continue; fi
        # What is left when the likeliest is turned down is nothing to be sure of.
        if [[ -z ${__lmd_commands[0]-} && $state == sure ]] && ((number > 1)); then
            state=unsure message='the likeliest command may not stand on this line'
        fi
        __lmd_points+=("$where") __lmd_marks+=("$mark") __lmd_commands+=("$entry")
    done
    case $state in
        sure | unsure | none) ;;
        *) message='the answer was not understood' ;;
    esac
    if [[ -z ${__lmd_commands[0]-} ]]; then
        __lmd_say "lmd: ${message:-nothing that may be put on the line}"
    elif [[ $state == sure ]]; then
        __lmd_show 0 "$message"
    else
        rest=''
        for index in 0 1 2; do
            if [[ -n ${__lmd_commands[index]-} ]]; then rest+=$'\n'"  ${__lmd_commands[index]}"; fi
        done
        __lmd_say "lmd: ${message:-not sure}; the chord again takes the first:$rest"
    fi
}

# False for what a locale calls printable, but is not seen or stands elsewhere than it seems: blanks,
# bidi, joiners, fillers, variation selectors, tags, private use, signs that act on the characters
# around them. By the bytes of UTF-8: what a range of characters is depends on the locale.
__lmd_visible() (
    LC_ALL=C
    case $1 in
        *$'\302'[$'\240\255']* | *$'\315\217'* | *$'\330\234'* | *$'\341\205'[$'\237\240']* | \
            *$'\341\232\200'* | *$'\341\236'[$'\264\265']* | *$'\341\240'[$'\213'-$'\217']* | \
            *$'\342\200'[$'\200'-$'\217']* | *$'\342\200'[$'\250'-$'\257']* | \
            *$'\342\201'[$'\237'-$'\257']* | *$'\342\240\200'* | \
            *$'\343\200\200'* | *$'\343\205\244'* | \
            *$'\356'??* | *$'\357'[$'\200'-$'\243']?* | *$'\357\270'[$'\200'-$'\217']* | \
            *$'\357\273\277'* | *$'\357\276\240'* | *$'\357\277'[$'\260'-$'\277']* | \
            *$'\330'[$'\200'-$'\205']* | *$'\333\235'* | *$'\334\217'* | \
            *$'\340\242'[$'\220\221']* | *$'\340\243\242'* | \
            *$'\360\221\202\275'* | *$'\360\221\203\215'* | \
            *$'\360\223\220'[$'\260'-$'\277']* | *$'\360\233\262'[$'\240'-$'\243']* | \
            *$'\360\235\205'[$'\263'-$'\272']* | \
            *[$'\363\364']???*) \builtin false ;;
    esac
)

# __lmd_show N MESSAGE: put a candidate on the line and say what has to be said of it.
__lmd_show() {
    builtin local said="${__lmd_marks[$1]}" wide=$'\303\261' private=''
    if [[ -n $2 ]]; then said+="${said:+; }$2"; fi
    if [[ -n $said ]]; then __lmd_say "lmd: $said"; fi
    # A request that was kept out of the history leads to a command that is.
    if [[ ${__lmd_state[2]} == ' '* ]] && __lmd_ignores " ${__lmd_commands[$1]}"; then
        private=' '
    fi
    line="$private${__lmd_commands[$1]}" point=$((${#private} + 10#${__lmd_points[$1]}))
    # Where characters are bytes, the place that was meant is not known.
    if [[ ${#wide} -gt 1 && $line == *[![:ascii:]]* ]] || ((point > ${#line})); then
        point=${#line}
    fi
    __lmd_state[1]="$line" __lmd_state[4]=$1 __lmd_state[5]="$said"
}

# Whether the history does without a text that begins with a space.
__lmd_ignores() {
    builtin local rest="${HISTIGNORE-}" pattern=''
    case ${HISTCONTROL-} in *ignorespace* | *ignoreboth*) return 0 ;; esac
    # The colons of a class, such as [[:space:]], separate nothing.
    rest="${rest//'[:space:]'/ }" rest="${rest//'[:blank:]'/ }:"
    while [[ -n $rest ]]; do
        pattern="${rest%%:*}" rest="${rest#*:}"
        # shellcheck disable=SC2053 # it is a pattern
        if [[ $1 == $pattern ]]; then return 0; fi
    done
    return 1
}

# __lmd_state: the prompt it belongs to, the line that a repeated chord has to find, the line and
# the cursor before, which candidate is on the line, what was said of it. Arrays, because bash never
# exports one.
__lmd_forget() {
    __lmd_state=("${__lmd_state[0]-}")
    __lmd_commands=() __lmd_points=() __lmd_marks=()
}

# Forget what belongs to an earlier prompt.
__lmd_expire() {
    builtin local number='\#'
    if ((BASH_VERSINFO[0] > 4 || BASH_VERSINFO[1] > 3)); then
        number="${number@P}" # an expansion that 4.3 lacks
    else
        number="${HISTCMD-}"
    fi
    # After Ctrl-C, or Enter on an empty line, only the number of the line read is another.
    number+=":${BASH_LINENO[${#BASH_LINENO[@]} - 1]}"
    if [[ $number != "${__lmd_state[0]-}" ]]; then
        __lmd_state=("$number")
        __lmd_forget
    fi
}

# What is known of before

# The last command, if the history may know it, to `last`.
__lmd_last() {
    case ":${SHELLOPTS-}:" in *:history:*) ;; *) return 0 ;; esac
    last="$({ HISTTIMEFORMAT='' \builtin history 1; } 2>/dev/null)"
    __lmd_unnumber
}

# Take the number off an entry of the history.
__lmd_unnumber() {
    builtin local rest="${last#"${last%%[![:space:]]*}"}"
    builtin local number="${rest%%[!0-9]*}"
    if [[ -n $number && ${rest:${#number}:1} == [\ \*] ]]; then
        rest="${rest:${#number}+1}"
        last="${rest#"${rest%%[![:space:]]*}"}"
    fi
}

# The latest LMD_HISTORY lines of the history, to `recent`.
__lmd_recent() {
    builtin local last='' raw='' number="${LMD_HISTORY-}"
    case ":${SHELLOPTS-}:" in *:history:*) ;; *) return 0 ;; esac
    case $number in
        '' | 0* | *[!0-9]*) return 0 ;;
        [6-9]? | 5[1-9] | ???*) number=50 ;;
    esac
    raw="$({ HISTTIMEFORMAT='' \builtin history "$number"; } 2>/dev/null)"
    while [[ -n $raw ]]; do
        last="${raw%%$'\n'*}" raw="${raw:${#last}+1}"
        __lmd_unnumber
        recent+="${recent:+$'\n'}$last"
    done
}

# Where the user opted in, what the last command showed, from tmux, to `output`.
__lmd_output() {
    builtin local command="${last##*$'\n'}" row='' found=''
    command="${command%"${command##*[![:blank:]]}"}"
    if [[ -z $command ]]; then return 0; fi
    if [[ ${LMD_CAPTURE-} != 1 || -z ${TMUX-} || -z ${TMUX_PANE-} ]]; then return 0; fi
    while IFS='' builtin read -r row; do
        row="${row%"${row##*[![:blank:]]}"}"
        # The row of its prompt: what it printed may repeat it, indented or as a part of another.
        if [[ $row == *[![:blank:]]*"$command" ]]; then
            output='' found=1
        elif [[ -n $found ]]; then
            output+="$row"$'\n'
        fi
    done <<<"$(\builtin command tmux capture-pane -p -J -S -200 -t "$TMUX_PANE" 2>/dev/null)"
    if ((${#output} > 16384)); then output="${output: -16384}"; fi
}

# The cursor, to `point` and back. Before bash 5.1 readline's own count of bytes.
__lmd_get_point() {
    builtin local text=''
    point="${READLINE_POINT:-0}"
    if [[ -n $__lmd_bytes ]]; then
        text="$(
            LC_ALL=C
            \builtin printf '%s.' "${line:0:point}"
        )"
        point=$((${#text} - 1))
    fi
}

__lmd_set_point() {
    builtin local text="${line:0:point}"
    if [[ -n $__lmd_bytes ]]; then
        point="$(
            LC_ALL=C
            \builtin printf '%s' "${#text}"
        )"
    fi
    READLINE_POINT=$point
}

# Saying something: readline has cleared the line, and draws it again below what is printed.

# __lmd_say TEXT...: print lines, without anything that a terminal would act on.
__lmd_say() {
    builtin local text='' part=''
    __lmd_clear
    for text; do
        while [[ -n $text ]]; do
            part="${text%%$'\n'*}" text="${text:${#part}+1}"
            builtin printf '%s\n' "${part//[[:cntrl:]]/?}" >&2
        done
    done
}

# __lmd_mark TEXT: while waiting, a mark and the beginning of the line where the prompt was.
__lmd_mark() {
    builtin local text="${1%%$'\n'*}" wide=$'\303\261' sign='…' room=$((${COLUMNS:-80} - 4))
    if [[ ! -t 2 || ${TERM:-dumb} == dumb ]]; then return 0; fi
    if ((${#wide} > 1)); then sign='...'; fi
    if [[ $text == *[![:ascii:]]* ]]; then room=$((room / 2)); fi
    if ((room < 0)); then room=0; fi
    text="${text:0:room}"
    builtin printf '\r\e[K%s %s' "$sign" "${text//[[:cntrl:]]/?}" >&2
}

__lmd_clear() {
    if [[ -t 2 && ${TERM:-dumb} != dumb ]]; then builtin printf '\r\e[K' >&2; fi
}

# Keys

# Bind LMD_KEY, such as '^X a' or 'M-s'.
__lmd_bind() {
    builtin local IFS=$' \t\n' map='' sequence='' bytes=''
    for map in emacs vi-insert vi-command; do
        if [[ -n ${__lmd_bound-} ]]; then builtin bind -m "$map" -r "$__lmd_bound"; fi
    done
    __lmd_bound='' __lmd_keys=''
    if [[ -n ${LMD_NOBIND-} || -z ${LMD_KEY-^X a} ]]; then return 0; fi
    if ! __lmd_parse "${LMD_KEY-^X a}"; then
        builtin printf '%s\n' \
            'lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s' >&2
        return 0
    fi
    __lmd_bound="$sequence" __lmd_keys="$bytes"
    for map in emacs vi-insert vi-command; do
        builtin bind -m "$map" -x "\"$sequence\": __lmd_chord \"\$_\""
    done
    # Older ones have one command for a key in all keymaps.
    if [[ -z $__lmd_bytes ]]; then
        builtin bind -m vi-command -x "\"$sequence\": __lmd_chord command \"\$_\""
    fi
}

# Once there is something to undo: bind ^X u, where nobody has it. A list of all keys takes readline
# longer than all else that would be done when a shell starts.
__lmd_bind_undo() {
    builtin local map='' maps='emacs' taken=''
    case ":${SHELLOPTS-}:" in *:vi:*) maps='vi-insert vi-command' ;; esac
    if [[ -z ${__lmd_bound-} || ${__lmd_undoing[0]-} == "$maps" ]]; then return 0; fi
    __lmd_undoing=("$maps")
    for map in $maps; do
        taken="$(__lmd_list "$map")"
        case $taken in *'"\C-xu":'*) continue ;; esac
        builtin bind -m "$map" -x "\"\\C-xu\": __lmd_undo \"\$_\""
    done
}

__lmd_list() {
    builtin bind -m "$1" -p
    builtin bind -m "$1" -s
    builtin bind -m "$1" -X
}

# __lmd_parse CHORD: readline's name for it to `sequence`, what a terminal sends to `bytes`.
__lmd_parse() {
    builtin local rest="$1 " part='' byte='' code=0
    while [[ -n $rest ]]; do
        part="${rest%% *}" rest="${rest#* }"
        case $part in
            '') continue ;;
            '^'[]A-Za-z[\\_])
                builtin printf -v code '%d' "'${part#^}"
                builtin printf -v part '\\%03o' $((code & 31))
                builtin printf -v byte '%b' "$part"
                ;;
            M-[!-~]) part="${part#M-}" byte=$'\e'"${part#M-}" ;;
            [!-~])
                if [[ -z $sequence ]]; then return 1; fi
                byte="$part"
                ;;
            *) return 1 ;;
        esac
        case $part in [\"\\]) part="\\$part" ;; esac
        case $byte in $'\e'?) part="\\e$part" ;; esac
        sequence+="$part" bytes+="$byte"
    done
    # All arrows begin with what Escape sends.
    case $bytes in '' | $'\e' | $'\r'* | $'\n'* | $'\3'*) return 1 ;; esac
}

# Now

__lmd_forget
__lmd_bytes=''
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)); then __lmd_bytes=1; fi
case $-:${SHELLOPTS-}: in
    *i*:emacs:* | *i*:vi:*)
        if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 403)); then
            builtin printf 'lmd: no keys are bound: that needs bash 4.3 or later, this is %s\n' \
                "$BASH_VERSION" >&2
        else
            __lmd_bind
        fi
        ;;
esac

if [[ $__lmd_options == *-a* ]]; then builtin set -a; fi
if [[ $__lmd_options == *-k* ]]; then builtin set -k; fi
if [[ $__lmd_options == aliases* ]]; then
    builtin unset __lmd_options
    builtin shopt -s expand_aliases
else
    builtin unset __lmd_options
fi
