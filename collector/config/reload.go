package config

// Reload compares the settings in force with those of now. It returns those that are to be in force, which settings differ by dotted name, and
// which of them are left as they were because they need a restart.
func Reload(before, now Config) (next Config, changed, restart []string) {
	next = now
	old, to := leaves(&before), leaves(&next)
	for i, l := range to {
		switch {
		case l.text() == old[i].text():
		case l.restart:
			restart = append(restart, l.key)
			l.value.Set(old[i].value)
		default:
			changed = append(changed, l.key)
		}
	}
	return next, changed, restart
}
