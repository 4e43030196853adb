package ssh

// noTerminal is said where no terminal can be made.
const noTerminal = "flowstack: no program script"

// onTerminal is a command line that runs a script in a session of its own that has a terminal, which sudo's requiretty asks for. The terminal carries
// nothing: it would change line feeds, and take some octets for commands. Input, output and errors go past it, through what script(1) leaves open.
// That starts the shell of SHELL, and ends with the exit status of the script.
func onTerminal(script string) string {
	const past = "exec <&3 >&4 2>&5 3<&- 4>&- 5>&-; "
	return `/bin/sh -c 'PATH=/usr/bin:/bin; SHELL=/bin/sh; export SHELL; ` +
		`command -v script >/dev/null || { printf %s "` + markBegin + "$$" + markEnd + `"; echo ` + noTerminal + ` >&2; exit 127; }; ` +
		`exec 3<&0 4>&1 5>&2; exec script -qec "$(printf %s "$@" | base64 -d)" /dev/null </dev/null >/dev/null 2>&1' sh ` + encoded(past+script)
}
