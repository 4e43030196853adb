# PATH VALUE – sets a kernel parameter, in one write as the kernel wants it. env: the shell's own printf hides the reason.
export LC_ALL=C
env printf '%s\n' "$2" >"/proc/sys/$1"
