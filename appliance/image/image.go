// Package image is the bootable appliance: what is in it, and how it is built, bit for bit the same each time.
//
// A build takes Debian's packages from a mirror, the collector's package and the files in the folder files, and makes of them a root file system,
// a disk that boots by BIOS and by UEFI, the formats that hypervisors take, a list of everything inside (SBOM) and checksums. Everything but mmdebstrap
// runs in a system of its own ("tools"), so that the versions of the machine it is built on do not matter.
package image

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Suite is the release of Debian that the appliance is.
const Suite = "trixie"

// Spec says what image to build.
type Spec struct {
	Architecture string    // Debian's name: amd64 or arm64
	Mirror       string    // of Debian's packages; DefaultMirror when empty
	Security     string    // mirror of security updates; DefaultSecurity when empty, unless Mirror or Snapshot says another
	Snapshot     string    // time of snapshot.debian.org, as 20261101T000000Z; empty: what the mirror has now
	Epoch        time.Time // time of all files and file systems: SOURCE_DATE_EPOCH
	Version      string    // of the appliance, in names and the SBOM
	Collector    string    // path of the collector's package
	Elastic      string    // folder with packages to put in as a local repository; empty: none
	Formats      []Format  // all that the architecture has when empty
}

// Where packages come from when nobody says otherwise.
const (
	DefaultMirror   = "http://deb.debian.org/debian"
	DefaultSecurity = "http://deb.debian.org/debian-security"
	snapshotArchive = "http://snapshot.debian.org/archive/"
)

// Format is one of the files that a build makes.
type Format string

// The formats.
const (
	Raw  Format = "raw"    // for dd, and clouds that import disks
	QCOW Format = "qcow2"  // compressed; for QEMU, libvirt and Proxmox
	OVA  Format = "ova"    // with a stream-optimised VMDK; for vSphere, Workstation and VirtualBox
	Tar  Format = "tar.gz" // without kernel and initial file system; for containers
)

// Formats are all of them.
func Formats() []Format { return []Format{Raw, QCOW, OVA, Tar} }

var (
	snapshotForm = regexp.MustCompile(`^\d{8}T\d{6}Z$`)
	versionForm  = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~-]*$`)
)

// Validate says everything that is wrong with a specification.
func (s Spec) Validate() error {
	var errs []error
	machine, known := architectures[s.Architecture]
	if !known {
		errs = append(errs, fmt.Errorf("architecture %q: images are built for amd64 and arm64", s.Architecture))
	}
	if s.Snapshot != "" && !snapshotForm.MatchString(s.Snapshot) {
		errs = append(errs, fmt.Errorf("snapshot %q is not a time of snapshot.debian.org, such as 20261101T000000Z", s.Snapshot))
	}
	if s.Snapshot != "" && s.Mirror != "" {
		errs = append(errs, errors.New("a snapshot has a mirror of its own: say one of both"))
	}
	if !versionForm.MatchString(s.Version) {
		errs = append(errs, fmt.Errorf("version %q: it begins with a digit, and has digits, letters and .+~- in it", s.Version))
	}
	if s.Epoch.Unix() <= 0 {
		errs = append(errs, errors.New("there is no time for the files: set SOURCE_DATE_EPOCH"))
	}
	if s.Collector == "" {
		errs = append(errs, errors.New("there is no package of the collector"))
	}
	for _, f := range s.Formats {
		if !slices.Contains(Formats(), f) {
			errs = append(errs, fmt.Errorf("format %q is none of %v", f, Formats()))
		}
		if f == OVA && known && !machine.bios {
			errs = append(errs, fmt.Errorf("format %q is for amd64 alone", f))
		}
	}
	return errors.Join(errs...)
}

// sources are the lines of apt's sources.list that packages are got by.
func (s Spec) sources() []string {
	mirror, security := s.Mirror, s.Security
	switch {
	case s.Snapshot != "":
		mirror, security = snapshotArchive+"debian/"+s.Snapshot, snapshotArchive+"debian-security/"+s.Snapshot
	case mirror == "":
		mirror = DefaultMirror
	case security == "":
		security = strings.TrimSuffix(mirror, "/") + "-security"
	}
	if security == "" {
		security = DefaultSecurity
	}
	return []string{
		"deb " + mirror + " " + Suite + " main",
		"deb " + mirror + " " + Suite + "-updates main",
		"deb " + security + " " + Suite + "-security main",
	}
}

// Name is the beginning of the names of all files of a build.
func (s Spec) Name() string {
	return fmt.Sprintf("flowstack-appliance-%s-%s", s.Version, s.Architecture)
}
