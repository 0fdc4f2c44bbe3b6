# lmd's hooks for fish 3.4 and later: a chord turns the line into a command, or repairs the command
# that failed. Nothing is ever run. `lmctl init fish` prints this file; see docs/shell.md.

if not string match -qr '^(3\.([4-9]|\d\d)|[4-9]|\d\d)' -- $version
    builtin echo "lmd: the hooks need fish 3.4 or later, not $version; lmctl suggest works without" >&2
    return 0
end

# The widgets. Where IFS is empty fish takes all lines for one; only what is exported reaches the functions
# that they call.

function lmd-chord --description 'lmd: suggest; fix on an empty line; pressed again, the next candidate'
    set -lx IFS \n
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
    set -lx IFS \n
    if not string match -qr '\S' -- (builtin commandline)
        __lmd_say 'lmd: nothing is on the line'
        return
    end
    set -l options
    if string match -qr '^[1-9]\d*$' -- "$LMD_HISTORY"; and not set -q fish_private_mode[1]
        set -l lines (builtin history search --max $LMD_HISTORY --null | string split0)
        set lines (string replace -a \n '; ' -- $lines[-1..1])
        set -fx __lmd_data (string sub -s -16384 -- "$(string join \n -- $lines)" | string collect)
        test -n "$__lmd_data"; and set options --history /dev/fd/4
    end
    __lmd_request suggest $options -- (builtin commandline)
end

function lmd-fix --description 'lmd: repair the command on the line, or on an empty line the last one'
    set -lx IFS \n
    set -l lines (builtin commandline)
    set -l options
    if not string match -qr '\S' -- $lines
        if not set -q __lmd_last[1]
            __lmd_say 'lmd: no last command to fix: put it on the line'
            return
        else if builtin contains -- $__lmd_status 0 130 # 130: Ctrl-C
            __lmd_say 'lmd: the last command did not fail: to change it, put it on the line'
            return
        end
        set lines $__lmd_last
    end
    if test "$lines" = "$__lmd_last"
        set options --status $__lmd_status
        set -fx __lmd_data (string sub -s -16384 -- "$(__lmd_output)" | string collect)
        test -n "$__lmd_data"; and set -a options --error /dev/fd/4
    end
    __lmd_request fix $options -- $lines
end

function lmd-explain --description 'lmd: say what the command on the line does'
    set -lx IFS \n
    if not string match -qr '\S' -- (builtin commandline)
        __lmd_say 'lmd: nothing is on the line'
        return
    end
    __lmd_call explain -- (builtin commandline); and __lmd_say $__lmd_reply[1..12]
    __lmd_use_typed
end

function lmd-cycle --description 'lmd: the next candidate'
    set -lx IFS \n
    if not set -q __lmd_commands[1]
        __lmd_say 'lmd: no candidates: ask for them first'
        return
    end
    # An Enter that came with the chord was for a candidate that nobody has seen.
    command stty min 0 time 0 </dev/tty 2>/dev/null; and __lmd_read_typed
    __lmd_show (builtin math "$__lmd_turn % "(builtin count $__lmd_commands)" + 1")
    __lmd_use_typed
end

function lmd-undo --description 'lmd: the line and the cursor as they were'
    set -lx IFS \n
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
    # What lmctl is told by variables need not be exported.
    for name in LMD_SOCKET LMD_NO_START
        set -q $name; and set -fx $name $$name
    end
    # Repainting is queued now, because Ctrl-C ends this function: it takes the mark away.
    builtin commandline -f repaint
    __lmd_mark …
    set -l at (builtin contains -i -- -- $argv)
    set -l options $argv[1..$at]
    set options[-1] --widget
    set -a options --quiet --shell fish --deadline 10 --supersede fish-$fish_pid
    set -g __lmd_reply (builtin printf '%s\n' $argv[(builtin math $at + 1)..] \
        | command sh -c "$__lmd_wait" lmctl "$__lmd_chord" $lmctl $options 2>/dev/null \
        | command head -c 100000)
    set -l ended $pipestatus[2]
    set -l keys
    if string match -q keys\t'*' -- $__lmd_reply[-1]
        set keys (string replace keys\t '' -- $__lmd_reply[-1])
        set -e __lmd_reply[-1]
        test -z "$__lmd_reply[-1]"; and set -e __lmd_reply[-1]
    end
    __lmd_read_typed "$keys"
    __lmd_mark ' '
    if test -n "$__lmd_chord"; and string match -qr -- (string escape --style=regex -- "$__lmd_chord") "$keys"
        set -g __lmd_again yes
        return 1
    end
    builtin contains -- $ended 0 3; and return 0
    # Ctrl-C, where a handler of the user's keeps fish from ending this function.
    builtin contains -- $ended 130 143; and return 1
    # What sh says of an lmctl that does not start has the number of a line of its own.
    set -l why (string replace -r '^lmctl: ((line )?\d+: )?' '' -- "$__lmd_reply[-1]" | string sub -l 400)
    test -n "$why"; or set why "lmctl ended with status $ended"
    __lmd_say "lmd: $why"
    return 1
end

# Runs lmctl for `sh -c`, and looks ten times a second at what has been typed: the chord ends lmctl, and with it
# the request. What was read is the last line of the answer. No read waits: a key that comes when all is
# over, or after Ctrl-C, is nobody else's. After a binding fish gives the terminal its own settings again.
# __lmd_data is /dev/fd/4 for lmctl, because Ctrl-C would leave a file behind. It comes as a variable, of which
# Linux takes 128 KiB.
set -g __lmd_wait '
chord=$1
data=$__lmd_data
shift
unset __lmd_data
exec 3<&0
"$@" <&3 2>&1 3<&- 4<<END &
$data
END
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
    set -l head (string match -gr '^(sure|unsure|none)\t(.*)' -- $__lmd_reply)[1..2]
    # lmctl has checked this before; it is what stands between a model and the line. Of the fillers and
    # variation selectors, which show nothing either, Unicode's categories say nothing.
    set -l hidden '\p{Z}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2800}\x{3164}\x{FFA0}'
    set hidden "(?! )[$hidden\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]"
    for line in (string match -r '^\d{1,5}\t.*' -- $__lmd_reply)[1..10]
        set -l fields (string match -gr "^(\d+)\t([^\p{C}]*)\t(?! |.*$hidden)([^\p{C}]{1,4096})\$" -- $line)
        if test (builtin count $fields) -ne 3
            # What is left when the likeliest is turned down is nothing to be sure of.
            if test "$head[1]" = sure; and not set -q __lmd_commands[1]
                set head unsure 'the likeliest command may not stand on this line'
            end
        else
            set -g -a __lmd_points $fields[1]
            set -g -a __lmd_marks $fields[2]
            set -g -a __lmd_commands $fields[3]
        end
    end
    if not set -q __lmd_commands[1]
        test -n "$head[2]"; or set head none 'the answer held no command to insert'
        __lmd_say "lmd: $head[2]"
    else if test "$head[1]" = sure
        __lmd_show 1 "$head[2]"
    else
        test -n "$head[2]"; or set head[2] 'not sure'
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
    # In vi's command mode the cursor stands on a character, not behind the last one.
    if __lmd_commanding
        set point (builtin math "min($point, "(string length -- $__lmd_shown)" - 1)")
    end
    builtin commandline --replace -- $__lmd_shown
    builtin commandline --cursor $point
end

function __lmd_output --description 'What the last command showed, where the user opted in'
    test "$LMD_CAPTURE" = 1; and set -q TMUX[1] TMUX_PANE[1]; or return
    set -l rows (__lmd_rows)
    set -l cursor (command tmux display-message -p -t $TMUX_PANE '#{cursor_y}' 2>/dev/null); or return
    # Up to the row above the prompt.
    set -l end (builtin math "$cursor - $rows[1] - 1")
    set -l shown (command tmux capture-pane -p -J -S -1000 -E $end -t $TMUX_PANE 2>/dev/null | string collect)
    # From the last row that ends with the command, behind a prompt: hints repeat a command, and a
    # message about syntax quotes it. Far behind the command there may be a right prompt.
    set -l command (string join '\n *' -- (string escape --style=regex -- $__lmd_last))
    string replace -rf "(?s)^.*\S *$command *( {4}[^\n]*)?\n" '' -- $shown | string match -r '.*\S'
end

# Keys pressed while waiting: text goes on the line, the chord counts, and nothing else does anything.
# An Enter that was meant for what stood there before must not run what stands there now.

function __lmd_read_typed --description 'Take what has been typed, after KEYS'
    set -e -g __lmd_again __lmd_typed __lmd_pressed
    # Without stty a read would wait for a key.
    command -q stty; or return
    set -l more (__lmd_read_keys)
    set -l keys "$argv$more"
    # A paste is taken whole: of its second half alone, every line would be run.
    while string match -qr '\e\[200~(?!.*\e\[201~)' -- $keys
        command stty min 0 time 10 </dev/tty
        set more (__lmd_read_keys)
        test -n "$more"; or break
        set keys (string sub -s -65536 -- "$keys$more")
    end
    set keys (string replace -ra '\e\[20[01]~' '' -- $keys)
    # In vi's command mode keys are no text.
    __lmd_commanding; or set -g __lmd_typed (string match -r '^[^\p{Cc}]+' -- $keys)
    set -l chord (string escape --style=regex -- "$__lmd_chord")
    test -n "$__lmd_typed" -o -z "$chord"; or set -g __lmd_pressed (string match -ar -- $chord $keys)
end

function __lmd_read_keys --description 'What the terminal has; a newline is as good as the return key'
    string join \r -- (command dd bs=4096 count=1 </dev/tty 2>/dev/null)
end

function __lmd_commanding --description "Whether this is vi's command mode"
    test "$fish_bind_mode" = default; and string match -qr 'vi|hybrid' -- "$fish_key_bindings"
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

function __lmd_remember_error --on-event fish_posterror --description 'Note a line that is no command'
    __lmd_remember $argv
    set -g __lmd_status 123 # eval's; here $status is nothing of the line's
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
    if not string match -qr '^(?!3\.)\S+ (.*(ctrl|alt|shift|super)-|\S+,\S)' -- "$version $chord"
        # A sign behind other parts, or behind M-, stands for itself, also where it is fish's own.
        set keys (string match -ar '\S+' -- $chord | string replace -r '^(\\\\?M-|Alt-|)([^\w\s])$' '$1\\\\$2' \
            | string replace -ra '(\^|\\\\?C-|Ctrl-)(.)' '\\\\c$2' | string replace -ra '(\\\\?M-|Alt-)' '\\\\e')
        set keys (string unescape -- "$(string join '' -- $keys)")
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
