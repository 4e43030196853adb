package host

import _ "embed"

//go:embed scripts/verify.sh
var verifyUnitScript string

// VerifyUnitFile is the Validate of a unit file: systemd-analyze verify, where the host has it. Besides errors it refuses what systemd
// would only warn about and ignore, such as a setting that it does not know.
func VerifyUnitFile(unit string) []string {
	return []string{"sh", "-c", verifyUnitScript, "systemd-analyze", "{}", unit, ""}
}

// VerifyDropIn is the same for a drop-in of a unit, NAME.conf. What systemd says of the unit without the drop-in is not held against it;
// where the host does not have the unit yet nothing can be verified.
func VerifyDropIn(unit, name string) []string {
	return []string{"sh", "-c", verifyUnitScript, "systemd-analyze", "{}", unit, name}
}
