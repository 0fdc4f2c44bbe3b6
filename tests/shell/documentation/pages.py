"""Sources of manual pages as programs of several kinds write them."""

MAN = r""".\" A page in man(7), in the layout of GNU programs.
.TH FETCH 1 2026-01-01 "fetch 1.0" "User Commands"
.ds Fe \fBfetch\fR
.SH NAME
fetch \- get things from afar
.SH SYNOPSIS
.B fetch
[\fIOPTION\fR]... \fIURL\fR\&...
.SH DESCRIPTION
.\" a comment
\*(Fe gets things.
It is patient.
.PP
Mandatory arguments to long options are mandatory for short ones, too.
.TP
\fB\-a\fR, \fB\-\-all\fR
get everything, e.g. what starts with .
.TP
.BR \-q ", " \-\^\-quiet
Say nothing.
Not even errors.
.TP
.BI \-o " FILE" "\fR,\fP \-\^\-output=" FILE
write to
.IR FILE ,
not to the terminal.
.TP
\fB\-\-color\fR[=\fI\,WHEN\/\fR]
colour the output
.HP
\fB\-n\fR, \fB\-\-count\fR=\fI\,N\/\fR
.IP
stop after N things
.TP
.B \-4
.TQ
.B \-\-ipv4
use IPv4 only
.if t .TP
.if t \-\-typeset
.ie n \{\
.TP
\-\-terminal
only on terminals
.\}
.el \{\
.TP
\-\-paper
only on paper
.\}
.de Xx
.TP
\-\-in\-macro
never seen
..
.ig
.TP
\-\-ignored
never seen
..
.SH EXAMPLES
.TP
\-\-example
not a flag of this program
.SH "SEE ALSO"
.BR curl (1)
"""

DOCBOOK = r"""'\" t
.TH "UNITS" "1" "" "units 2"
.ie \n(.g .ds Aq \(aq
.el       .ds Aq '
.SH "NAME"
units-ctl \- Control the units of a system
.SH "OPTIONS"
.PP
The following options are understood:
.PP
\fB\-t\fR, \fB\-\-type=\fR
.RS 4
Takes a list of types such as
\fBservice\fR\&. It isn\*(Aqt long\&.
.RE
.PP
\-\-[no\-]wait
.RS 4
Wait (or not)\&.
.sp
.RS 4
.ie n \{\
\h'-04'\(bu\h'+03'\c
.\}
.el \{\
.sp -1
.IP \(bu 2.3
.\}
Nested text
.RE
.RE
.PP
\-\-signed, \-\-signed=(true|false)
.RS 4
Sign it\&.
.RE
.SH "COMMANDS"
.PP
\fBstart\fR \fIUNIT\fR\&...
.RS 4
Start units\&. Nothing else\&.
.RE
.PP
\fBunits\-ctl\-list\fR(1)
.RS 4
List them\&.
.RE
"""

MDOC = r""".Dd January 1, 2026
.Dt CONNECT 1
.Os
.Sh NAME
.Nm connect
.Nd talk to another machine
.Sh SYNOPSIS
.Nm connect
.Op Fl 46v
.Op Fl L Ar address
.Ar destination
.Op Ar command Op Ar argument ...
.Sh DESCRIPTION
.Nm
talks to another machine.
.Pp
The options are as follows:
.Pp
.Bl -tag -width Ds -compact
.It Fl 4
Forces
.Nm
to use IPv4 addresses only.
Another sentence.
.Pp
.It Fl D Xo
.Sm off
.Oo Ar bind_address : Oc
.Ar port
.Sm on
.Xc
Opens a port, see
.Xr ssh 1 .
.It Fl f Ar file , Fl Fl file Ns = Ns Ar file
Reads
.Ar file
.Pq or Pa /dev/null ,
with
.Dq care .
.It Fl w Ar local_tun Ns Op : Ns Ar remote_tun
Uses tunnels:
.Bl -bullet
.It
not a tag
.El
.It Fl z
.It Fl Z
Packs what is sent.
.El
.Sh EXAMPLES
.Bd -literal -offset indent
.It Fl x
$ connect -x
.Ed
"""

MD2MAN = r""".nh
.TH "DOCKER" "1"
.SH NAME
ship-run - Run a ship
.SH OPTIONS
\fB-a\fP, \fB--attach\fP=[]
	Attach to the output
.PP
\fB--rm\fP[=false]
	Remove the ship when it stops
"""

BULLETS = r""".TH "JQ" "1"
.SH "NAME"
\fBjq\fR \- JSON processor
.SH "INVOKING"
.IP "\(bu" 4
\fB\-\-slurp\fR/\fB\-s\fR:
.IP
Read everything first\.
.IP "" 0
.SH OPTIONS
.SS "\-\-numeric, \-n"
Show numbers.
"""
