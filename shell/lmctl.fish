# lmd's hooks for fish 3.4 and later: a chord turns the line into a command, or repairs the command
# that failed. Nothing is ever run. `lmctl init fish` prints this file; see docs/shell.md.

if not string match -qr '^(3\.([4-9]|\d\d)|[4-9]|\d\d)' -- $version
    builtin echo "lmd: the hooks need fish 3.4 or later, not $version; lmctl suggest works without" >&2
    return 0
end

# The widgets

function lmd-chord --description 'lmd: suggest; fix on an empty line; pressed again, the next candidate'
    set -l lines (builtin commandline)
    if set -q __lmd_commands[1]; and test "$lines" = "$__lmd_shown"
        lmd-cycle
    else if string match -qr '\S' -- $lines
        lmd-suggest
    else
        lmd-fix
    end
end

function lmd-suggest --description 'lmd: put a command in the place of the request on the line'
    if not string match -qr '\S' -- (builtin commandline)
        __lmd_say 'lmd: nothing is on the line'
        return
    end
    set -l options
    if string match -qr '^[1-9]\d*$' -- "$LMD_HISTORY"; and not set -q fish_private_mode[1]
        set -l lines (builtin history search --max $LMD_HISTORY --null | string split0)
        __lmd_keep (string replace -a \n '; ' -- $lines[-1..1]); and set options --history $__lmd_file
    end
    __lmd_request suggest $options -- (builtin commandline)
end

function lmd-fix --description 'lmd: repair the command on the line, or on an empty line the last one'
    set -l lines (builtin commandline)
    set -l options
    if not string match -qr '\S' -- $lines
        if not set -q __lmd_last[1]
            __lmd_say 'lmd: no last command to fix: put it on the line'
            return
        else if contains -- $__lmd_status 0 130 # 130: Ctrl-C
            __lmd_say 'lmd: the last command did not fail: to change it, put it on the line'
            return
        end
        set lines $__lmd_last
    end
    if test "$lines" = "$__lmd_last"
        set options --status $__lmd_status
        __lmd_keep (__lmd_output); and set -a options --error $__lmd_file
    end
    __lmd_request fix $options -- $lines
end

function lmd-explain --description 'lmd: say what the command on the line does'
    if not string match -qr '\S' -- (builtin commandline)
        __lmd_say 'lmd: nothing is on the line'
        return
    end
    __lmd_call explain -- (builtin commandline); and __lmd_say $__lmd_reply[1..12]
    __lmd_use_typed
end

function lmd-cycle --description 'lmd: the next candidate'
    if set -q __lmd_commands[1]
        __lmd_show (builtin math "$__lmd_turn % "(builtin count $__lmd_commands)" + 1")
    else
        __lmd_say 'lmd: no candidates: ask for them first'
    end
end

function lmd-undo --description 'lmd: the line and the cursor as they were'
    if set -q __lmd_before
        builtin commandline --replace -- $__lmd_before
        builtin commandline --cursor $__lmd_cursor
        __lmd_forget
    else
        __lmd_say 'lmd: nothing to undo'
    end
end

# Asking

function __lmd_request --description 'Ask with OPTIONS -- LINES, and show the best candidate'
    set -l before (builtin commandline)
    set -q before[1]; or set before ''
    set -l cursor (builtin commandline --cursor)
    __lmd_forget
    if __lmd_call $argv
        set -g __lmd_before $before
        set -g __lmd_cursor $cursor
        set -g __lmd_shown $before
        set -g __lmd_turn 0
        __lmd_take
    end
    __lmd_use_typed
end

function __lmd_call --description 'Run lmctl with OPTIONS -- LINES; its answer is __lmd_reply'
    set -l lmctl lmctl
    test -n "$LMD_LMCTL"; and set lmctl $LMD_LMCTL[1]
    if not command -q -- $lmctl
        __lmd_say "lmd: there is no $lmctl: see LMD_LMCTL"
        return 1
    end
    # Repainting is queued now, because Ctrl-C ends this function: it takes the mark away.
    builtin commandline -f repaint
    __lmd_mark …
    set -l at (builtin contains -i -- -- $argv)
    set -l options $argv[1..$at]
    set options[-1] --widget
    set -a options --quiet --shell fish --deadline 10 --supersede fish-$fish_pid
    set -g __lmd_reply (builtin printf '%s\n' $argv[(builtin math $at + 1)..] \
        | command sh -c "$__lmd_wait" lmd "$__lmd_chord" $lmctl $options 2>&1)
    set -l ended $status
    __lmd_read_typed
    __lmd_mark ' '
    __lmd_clean
    set -q __lmd_again; and return 1
    contains -- $ended 0 3; and return 0
    set -l why (string replace -r '^lmctl: ' '' -- $__lmd_reply[-1])
    test -n "$why"; or set why "lmctl ended with status $ended"
    __lmd_say "lmd: $why"
    return 1
end

# Runs lmctl for `sh -c`, and looks ten times a second at what has been typed: the chord ends lmctl, and with it
# the request. What was read is the last line of the answer. No read waits: a key that comes when all is
# over, or after Ctrl-C, is nobody else's. After a binding fish gives the terminal its own settings again.
set -g __lmd_wait '
chord=$1
shift
exec 3<&0
"$@" <&3 3<&- &
asked=$!
reader=
trap "kill $asked" INT TERM
if stty min 0 time 0 </dev/tty 2>/dev/null && [ "$chord" ]; then
    {
        exec 3<&-
        keys=
        tell() {
            printf "\\nkeys\\t%s" "$keys" >&4
            exit
        }
        trap tell TERM
        while :; do
            sleep 0.1 4>&- &
            wait $!
            kill -0 $asked || tell
            keys=$keys$(dd bs=4096 count=1 </dev/tty | tr "\n" "\r")
            case $keys in *"$chord"*) kill $asked ;; esac
        done
    } 4>&1 >/dev/null 2>&1 &
    reader=$!
fi
wait $asked
ended=$?
[ "$reader" ] && { kill $reader; wait $reader; } 2>/dev/null
exit $ended
'

function __lmd_mark --description 'Show a character at the right edge; the cursor stays where it is'
    test "$TERM" = dumb; or builtin printf '\e7\e[999C%s\e8' $argv >&2
end

function __lmd_take --description 'Show what __lmd_reply says'
    set -l head (string split -m 1 \t -- $__lmd_reply[1])
    # lmctl has checked this before; it is what stands between a model and the line.
    set -l candidate '^(\d{1,5})\t([^\p{C}]*)\t(?! )([^\p{C}\p{Zl}\p{Zp}]{1,4096})$'
    for line in $__lmd_reply[2..11]
        set -l fields (string match -gr $candidate -- $line)
        if test (builtin count $fields) -eq 3
            set -g -a __lmd_points $fields[1]
            set -g -a __lmd_marks $fields[2]
            set -g -a __lmd_commands $fields[3]
        end
    end
    if not set -q __lmd_commands[1]
        contains -- "$head[1]" sure unsure none; and test -n "$head[2]"
        or set head none 'the answer held no command to insert'
        __lmd_say "lmd: $head[2]"
    else if test "$head[1]" = sure
        __lmd_show 1 "$head[2]"
    else
        __lmd_say "lmd: $head[2]; the chord again takes the first:" "  "$__lmd_commands[1..3]
    end
end

function __lmd_show --description 'Put candidate N on the line, with what has to be said of it'
    set -g __lmd_turn $argv[1]
    set -g __lmd_shown $__lmd_commands[$__lmd_turn]
    set -l said (string match -v '' -- $__lmd_marks[$__lmd_turn] $argv[2])
    set -q said[1]; and __lmd_say "lmd: "(string join '; ' -- $said)
    set -l point $__lmd_points[$__lmd_turn]
    # A line that begins with a space is kept out of the history; so is what comes of it.
    if string match -q ' *' -- $__lmd_before[1]
        set __lmd_shown " $__lmd_shown"
        set point (builtin math $point + 1)
    end
    builtin commandline --replace -- $__lmd_shown
    builtin commandline --cursor $point
end

function __lmd_output --description 'What the last command showed, where the user opted in'
    test "$LMD_CAPTURE" = 1; and set -q TMUX[1] TMUX_PANE[1]; or return
    set -l command (string escape --style=regex -- $__lmd_last[-1])
    set -l shown (command tmux capture-pane -p -J -S -200 -t $TMUX_PANE 2>/dev/null | string collect)
    string replace -rf "(?s)^.*$command" '' -- $shown | string match -r '.*\S' | command tail -n 40
end

function __lmd_keep --description 'Keep lines in a private file, __lmd_file'
    set -q argv[1]; and set -g __lmd_file (command mktemp 2>/dev/null)
    and builtin printf '%s\n' $argv >$__lmd_file
end

function __lmd_clean --description 'Remove the private file'
    set -q __lmd_file[1]; and command rm -f -- $__lmd_file
    set -e -g __lmd_file
end

# Keys pressed while waiting: text goes on the line, the chord counts, and nothing else does anything.
# An Enter that was meant for what stood there before must not run what stands there now.

function __lmd_read_typed --description 'Take what was typed while waiting'
    set -e -g __lmd_again __lmd_typed __lmd_pressed
    set -l keys
    set -l chord (string escape --style=regex -- "$__lmd_chord")
    if string match -q keys\t'*' -- $__lmd_reply[-1]
        set keys (string replace keys\t '' -- $__lmd_reply[-1])
        set -e __lmd_reply[-1]
        test -z "$__lmd_reply[-1]"; and set -e __lmd_reply[-1]
        test -n "$chord"; and string match -qr -- $chord $keys; and set -g __lmd_again yes
    end
    # Without stty a read would wait for a key.
    command -q stty; or return
    set -l more (__lmd_read_keys)
    set keys "$keys$more"
    # A paste is taken whole: of its second half alone, every line would be run.
    while string match -qr '\e\[200~(?!.*\e\[201~)' -- $keys
        command stty min 0 time 10 </dev/tty
        set more (__lmd_read_keys)
        test -n "$more"; or break
        set keys (string sub -s -65536 -- "$keys$more")
    end
    set keys (string replace -ra '\e\[20[01]~' '' -- $keys)
    # In vi's command mode keys are no text.
    if test "$fish_bind_mode" != default; or not string match -q '*vi*' -- "$fish_key_bindings"
        set -g __lmd_typed (string match -r '^[^\p{Cc}]+' -- $keys)
    end
    test -n "$__lmd_typed" -o -z "$chord"; or set -g __lmd_pressed (string match -ar -- $chord $keys)
end

function __lmd_read_keys --description 'What the terminal has; a newline is as good as the return key'
    string join \r -- (command dd bs=4096 count=1 </dev/tty 2>/dev/null)
end

function __lmd_use_typed --description 'Put what was typed at the cursor, and do what the chord asked for'
    set -l again $__lmd_again
    set -l pressed $__lmd_pressed
    test -n "$__lmd_typed"; and builtin commandline --insert -- $__lmd_typed
    set -e -g __lmd_again __lmd_typed __lmd_pressed
    if set -q again[1]
        lmd-chord
    else
        for press in $pressed
            lmd-cycle
        end
    end
end

# Saying something below the line, which is then drawn again below that

function __lmd_say --description 'Print lines'
    set -l lines (string replace -ra '[\p{Cc}\p{Zl}\p{Zp}]' '?' -- $argv)
    set -l rows (__lmd_rows)
    begin
        string repeat -N -n (builtin math $rows[2] + 1) \n
        builtin printf '\r\e[J'
        builtin printf '%s\n' $lines
        string repeat -N -n $rows[1] \n
    end >&2
    builtin commandline -f repaint
end

function __lmd_rows --description 'Rows of prompt and line above the cursor, and of the line below it'
    set -l prompt (fish_prompt 2>/dev/null)
    set -l mode
    builtin functions -q fish_mode_prompt; and set mode (fish_mode_prompt 2>/dev/null)
    set -l start (string length --visible -- "$mode$prompt[-1]")
    set -l above 0
    set -l all 0
    for line in (builtin commandline --cut-at-cursor)
        set above (builtin math "$above + 1 + floor(($start + "(string length --visible -- "$line")") / $COLUMNS)")
    end
    for line in (builtin commandline)
        set all (builtin math "$all + 1 + floor(($start + "(string length --visible -- "$line")") / $COLUMNS)")
    end
    builtin math "max($above, 1) - 1 + max("(builtin count $prompt)", 1) - 1"
    builtin math "max($all - max($above, 1), 0)"
end

# What happens between two lines

function __lmd_remember --on-event fish_postexec --description 'Note a command and its status'
    set -l ended $status
    set -e -g __lmd_last
    set -q fish_private_mode[1]; or string match -qr '^\s' -- $argv[1]; and return
    builtin functions -q fish_should_add_to_history
    and not fish_should_add_to_history $argv[1] >/dev/null 2>&1; and return
    set -g __lmd_last (string split \n -- $argv[1])
    set -g __lmd_status $ended
end

function __lmd_forget --on-event fish_prompt --on-event fish_cancel --description 'A new line begins'
    set -e -g __lmd_before __lmd_cursor __lmd_shown __lmd_turn
    set -e -g __lmd_commands __lmd_points __lmd_marks
end

# Keys

function __lmd_bind --description 'Bind the chord, and undo where nothing is bound'
    set -l chord '^X a'
    set -q LMD_KEY; and set chord (string join ' ' -- $LMD_KEY)
    test -n "$chord" -a -z "$LMD_NOBIND"; or return
    # Names such as ctrl-x,a are fish 4's own; the rest is what the three shells share.
    set -l keys $chord
    if not string match -qr '(ctrl|alt|shift|super)-|,' -- $chord
        set keys (string replace -ra '\s+' '' -- $chord | string replace -ra '(\^|\\\\?C-|Ctrl-)(.)' '\\\\c$2' \
            | string replace -ra '(\\\\?M-|Alt-)' '\\\\e')
        set keys (string unescape -- $keys)
        if not string match -qr '^(?![\e\n\r\t\x03]$)\p{Cc}' -- "$keys"
            builtin echo 'lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s' >&2
            return
        end
    end
    set -g __lmd_chord $keys
    for mode in default insert
        builtin bind -M $mode $keys lmd-chord
        builtin bind -M $mode \cxu >/dev/null 2>&1; or builtin bind -M $mode \cxu lmd-undo
    end
end

builtin status is-interactive; and __lmd_bind
builtin true
