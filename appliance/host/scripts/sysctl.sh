# PATH VALUE [gone] – sets a kernel parameter, in one write as the kernel wants it. With gone, one that is not there is as good. env: the shell's own printf hides the reason.
export LC_ALL=C
[ -e "/proc/sys/$1" ] || [ "${3-}" != gone ] || exit 0
env printf '%s\n' "$2" >"/proc/sys/$1"
