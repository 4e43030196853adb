package host

import "maps"

// Before records what a host had before Apply changed it, so that Remove can put it back. It never contains content of a
// secret file. It goes through JSON unchanged: a caller keeps it for as long as the items exist.
//
// Each Apply returns the record of what it found; a caller keeps the first one and merges later ones into it with Merge, so
// that items added later are recorded, too, and our own earlier work is never taken for what was there before.
type Before struct {
	Files         map[string]FileBefore         `json:"files,omitempty"`
	Directories   map[string]DirectoryBefore    `json:"directories,omitempty"`
	Keys          map[string]DirectoryBefore    `json:"keys,omitempty"`    // private ones: never their content
	Sysctls       map[string]string             `json:"sysctls,omitempty"` // live values
	Packages      map[string]PackageBefore      `json:"packages,omitempty"`
	Units         map[string]UnitBefore         `json:"units,omitempty"`
	Accounts      map[string]AccountBefore      `json:"accounts,omitempty"`
	Swap          *SwapBefore                   `json:"swap,omitempty"`
	OpenKeystores map[string]OpenKeystoreBefore `json:"open_keystores,omitempty"`
}

// FileBefore is a file as it was.
type FileBefore struct {
	Existed bool   `json:"existed"`
	Mode    string `json:"mode,omitempty"`  // octal
	Owner   string `json:"owner,omitempty"` // user:group
	// Content is nil when the file was secret or larger than MaxPreviousContent: Remove then deletes ours and restores nothing.
	Content []byte `json:"content,omitempty"`
	Kept    bool   `json:"kept,omitempty"`   // Content is what was there (it may have been empty)
	Backup  bool   `json:"backup,omitempty"` // it is on the host, with BackupSuffix
}

// DirectoryBefore is a directory as it was.
type DirectoryBefore struct {
	Existed bool   `json:"existed"`
	Mode    string `json:"mode,omitempty"`
	Owner   string `json:"owner,omitempty"`
}

// PackageBefore is a package as it was. One that was installed stays installed when ours is removed, at the version it has then;
// a hold that we set or took away is put back.
type PackageBefore struct {
	Installed bool   `json:"installed"`
	Version   string `json:"version,omitempty"`
	Held      bool   `json:"held,omitempty"` // from being moved by apt
	// ConfigFiles: it had been removed, and its configuration files stayed. Then they stay again.
	ConfigFiles bool `json:"config_files,omitempty"`
	// Removed are the packages of which that is so, among them those that it may come to need. Only recorded where it is from apt.
	Removed []string `json:"removed,omitempty"`
}

// AccountBefore is which parts of an account there were.
type AccountBefore struct {
	User  bool   `json:"user"`
	Group bool   `json:"group"`
	UID   string `json:"uid,omitempty"`
	GID   string `json:"gid,omitempty"`
}

// UnitBefore is a unit as it was.
type UnitBefore struct {
	Existed bool   `json:"existed"`
	Enabled string `json:"enabled,omitempty"` // systemctl is-enabled
	Active  string `json:"active,omitempty"`  // ActiveState
}

// MaxPreviousContent is the size in bytes of the largest file whose previous content Before keeps.
const MaxPreviousContent = 64 << 10

// Merge adds what later knows about items that b has no record of; what b has stays.
func (b Before) Merge(later Before) Before {
	swap := b.Swap
	if swap == nil {
		swap = later.Swap
	}
	return Before{
		Swap:          swap,
		Files:         merged(b.Files, later.Files),
		Directories:   merged(b.Directories, later.Directories),
		Keys:          merged(b.Keys, later.Keys),
		Sysctls:       merged(b.Sysctls, later.Sysctls),
		Packages:      merged(b.Packages, later.Packages),
		Units:         merged(b.Units, later.Units),
		Accounts:      merged(b.Accounts, later.Accounts),
		OpenKeystores: merged(b.OpenKeystores, later.OpenKeystores),
	}
}

// Without forgets the record of the items of d, once they are removed.
func (b Before) Without(d Desired) Before {
	b = b.Merge(Before{}) // the maps are the caller's
	for _, item := range d {
		switch item := item.(type) {
		case File:
			delete(b.Files, item.Path)
		case KeyPair:
			delete(b.Keys, item.Key)
			delete(b.Files, item.Certificate)
		case Register:
			delete(b.Files, item.Path)
		case Directory:
			delete(b.Directories, item.Path)
		case Sysctl:
			delete(b.Sysctls, SysctlKey(item.Key))
		case Package:
			delete(b.Packages, item.Name)
		case Unit:
			delete(b.Units, item.Name)
		case Keystore:
			delete(b.Files, item.Path)
		case Account:
			delete(b.Accounts, item.Name)
		case OpenKeystore:
			delete(b.OpenKeystores, item.Path)
		case Swap:
			if !item.On { // that keeps no record
				b.Swap = nil
			}
		}
	}
	return b
}

func merged[V any](first, later map[string]V) map[string]V {
	if len(first)+len(later) == 0 {
		return nil
	}
	all := make(map[string]V, len(first)+len(later))
	maps.Copy(all, later)
	maps.Copy(all, first)
	return all
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}
