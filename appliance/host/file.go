package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Format turns the content of a file into facts, setting by setting. Two contents with equal facts are equal: comments and
// order do not drift. It must accept every content; what it cannot parse is an error, which is shown as drift.
type Format interface {
	Facts(content []byte) (map[string]string, error)
}

// MaxFormatContent is the size in bytes of the largest file that is read from the host to be understood by a Format or
// compared with a secret.
const MaxFormatContent = 1 << 20

// File is a regular file with its content. It is written whole to a temporary file beside it and renamed, so no reader ever
// sees half of it; extended attributes, access control lists and the security context of a file that it replaces stay. A
// directory at Path is refused, not replaced, and so is a symbolic link.
type File struct {
	Path    string // absolute and clean
	Content []byte
	Source  *Source     // the content instead of Content, when it is too large for memory
	Mode    fs.FileMode // permission bits, also setuid, setgid, sticky; 0 is 0644
	Owner   string      // user name or number; empty is root
	Group   string      // group name or number; empty is root
	// Format turns content into facts "file PATH: SETTING"; nil: one fact with a short digest.
	Format Format
	// Validate is a program with arguments that accepts the content before it takes its place; {} stands for the path of the
	// temporary file. It runs on the host as root.
	Validate []string
	// FollowLinks writes to what a symbolic link at Path leads to; the link stays.
	FollowLinks bool
	// Foreign: what is at Path is not ours. It is replaced only when Remove can put it back.
	Foreign bool
	// Backup keeps a foreign file on the host, as Path with BackupSuffix, until Remove puts it back. Without it Before keeps one
	// of up to MaxPreviousContent.
	Backup bool

	// Secret keeps the content out of facts, records and errors.
	Secret bool
	// SecretRevision is the fact shown for the content of a secret file.
	SecretRevision string
	// Verify says whether content found on the host is the secret; nil compares with Content, which then must be there.
	Verify func(content []byte) bool
}

// BackupSuffix ends the name that a foreign file is kept under.
const BackupSuffix = ".bak-flowstack"

// ID implements Item.
func (f File) ID() string { return "file " + f.Path }

func (f File) attributes() attributes {
	return attributes{mode: f.Mode, standard: 0o644, owner: f.Owner, group: f.Group}
}

func (f File) validate() error {
	errs := []error{ValidPath(f.Path), f.attributes().validate(), f.Source.validate(f)}
	if f.Secret && f.Format != nil {
		errs = append(errs, errors.New("a secret file cannot show its settings"))
	}
	if f.Format != nil && f.Content != nil {
		if len(f.Content) > MaxFormatContent {
			errs = append(errs, fmt.Errorf("content of %d bytes is larger than %d", len(f.Content), MaxFormatContent))
		}
		if _, err := f.Format.Facts(f.Content); err != nil {
			errs = append(errs, fmt.Errorf("content: %w", err))
		}
	}
	if f.Secret && len(f.Content) > MaxFormatContent {
		errs = append(errs, fmt.Errorf("a secret larger than %d bytes cannot be compared", MaxFormatContent))
	}
	for _, argument := range f.Validate {
		if strings.ContainsRune(argument, 0) {
			errs = append(errs, errors.New("validator: an argument contains a NUL"))
		}
	}
	return errors.Join(errs...)
}

func (f File) fact(name string) string { return f.ID() + ": " + name }

func (f File) want() Facts {
	facts := Facts{f.ID(): Present}
	f.attributes().want(facts, f.ID())
	switch {
	case f.Source != nil:
		f.Source.want(facts, f)
	case f.Secret:
		facts[f.fact("content")] = f.SecretRevision
	case f.Format != nil:
		settings, err := f.Format.Facts(f.Content)
		if err != nil { // Validate refuses it, so nothing is planned with these facts
			facts[f.ID()] = Unreadable + ": " + err.Error()
		}
		for name, value := range settings {
			facts[f.fact(name)] = value
		}
	default:
		facts[f.fact("content")] = digest(f.source())
	}
	return facts
}

func (f File) request(previous bool) request {
	limit := 0
	if previous && !f.Secret {
		limit = MaxPreviousContent
	}
	if f.Secret || f.Format != nil {
		limit = MaxFormatContent
	}
	args := []string{strconv.Itoa(limit), f.Path, leftovers(f.Path), yesNo(f.FollowLinks)}
	if f.Source != nil && f.Source.Describe != nil {
		args = append(args, strconv.Itoa(TailSize))
	}
	return request{kind: "file", args: args}
}

// leftovers is the beginning of the temporary names used for a path: what an interrupted write leaves behind is found and
// removed by the next one, and two writes in one directory leave each other alone.
func leftovers(name string) string {
	sum := sha256.Sum256([]byte(name))
	return path.Join(path.Dir(name), ".flowstack-"+hex.EncodeToString(sum[:8])+".")
}

func (f File) observe(a answer) (Facts, error) {
	got, err := parseStat(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{}
	for name := range f.want() {
		facts[name] = Absent
	}
	facts[f.ID()] = got.describe("regular file")
	if got.kind != "regular file" {
		return facts, nil
	}
	f.attributes().observe(facts, f.ID(), got)
	content, whole := a.bytes("content")
	sum := a.line("sha256")
	if whole {
		made := sha256.Sum256(content)
		sum, got.size = hex.EncodeToString(made[:]), int64(len(content))
	}
	switch {
	case f.Source != nil:
		f.Source.observe(facts, f, a, sum, got.size)
	case f.Secret:
		facts[f.fact("content")] = f.observeSecret(content, whole)
	case f.Format != nil:
		f.observeSettings(facts, content, whole, got.size)
	default:
		facts[f.fact("content")] = digest(&Source{SHA256: sum, Size: got.size})
	}
	return facts, nil
}

func (f File) observeSecret(content []byte, whole bool) string {
	switch {
	case whole && f.Verify != nil && f.Verify(content),
		whole && f.Verify == nil && f.Content != nil && bytes.Equal(content, f.Content):
		return f.SecretRevision
	case f.Verify == nil && f.Content == nil:
		return NotVerified
	}
	return "different"
}

func (f File) observeSettings(facts Facts, content []byte, whole bool, size int64) {
	var settings map[string]string
	err := fmt.Errorf("%d bytes are more than %d", size, MaxFormatContent)
	if whole {
		settings, err = f.Format.Facts(content)
	}
	if err != nil {
		facts[f.ID()] = Unreadable + ": " + err.Error()
		for name := range f.want() {
			if facts[name] == Absent {
				facts[name] = Unreadable
			}
		}
		return
	}
	for name, value := range settings {
		facts[f.fact(name)] = value
	}
}

func (f File) record(a answer, b *Before) error {
	got, err := parseStat(a)
	if err == nil {
		err = f.acceptable(a, got)
	}
	if err != nil {
		return err
	}
	before := FileBefore{Existed: got.kind == "regular file"}
	if before.Existed {
		before.Mode, before.Owner = got.modeText(), got.user+":"+got.group
		before.Backup = f.Foreign && f.Backup
		if content, whole := a.bytes("content"); whole && f.keeps(got) && !before.Backup {
			before.Content, before.Kept = content, true
		}
	}
	put(&b.Files, f.Path, before)
	return nil
}

func (f File) apply(ctx context.Context, e *engine, a answer) error {
	got, err := parseStat(a)
	if err != nil {
		return err
	}
	if err := f.acceptable(a, got); err != nil {
		return err
	}
	if isUnitFile(f.Path) {
		e.unitFilesChanged = true
	}
	facts, err := f.observe(a)
	if err != nil {
		return err
	}
	if f.sameContent(facts) && (!f.Foreign || !f.Backup) {
		return e.run(ctx, "set mode and owner", attributesScript, nil,
			f.Path, "file", f.attributes().modeText(), f.attributes().ownerText(), yesNo(f.FollowLinks))
	}
	if f.Secret && f.Content == nil {
		return errors.New("the content found is not the secret, and the secret itself is not known here")
	}
	return f.write(ctx, e)
}

// acceptable tells why what is there is not to be replaced: it is no file, or a file that Remove could not put back.
func (f File) acceptable(a answer, got stat) error {
	switch {
	case got.kind == "":
		return nil
	case got.kind != "regular file":
		return fmt.Errorf("there is a %s in its place, which is not replaced", got.describe(""))
	case f.Foreign && f.Backup && a.line("backup") != "":
		return fmt.Errorf("there is a backup already, %s, of a file that was here before: put it back, or remove it first", f.Path+BackupSuffix)
	case !f.Foreign || f.Backup || f.keeps(got):
		return nil
	}
	facts, err := f.observe(a)
	switch {
	case err != nil:
		return err
	case f.sameContent(facts):
		return nil
	case f.Secret || private(got):
		return errors.New("there is a file already, which may be secret as well: have it backed up on the host, or remove it first")
	}
	return fmt.Errorf("there is a file of %d bytes already, more than the %d that are kept elsewhere: have it backed up on the host, or remove it first",
		got.size, MaxPreviousContent)
}

// keeps tells whether Before has the content of what is there. What not everybody may read is no content for the state of others.
func (f File) keeps(got stat) bool {
	return !f.Secret && got.size <= MaxPreviousContent && (!f.Foreign || !private(got))
}

// private tells whether not everybody may read a file.
func private(got stat) bool { return got.mode&0o004 == 0 }

// unbacked tells whether there is a file that is to be backed up, though it may be as wanted: it is replaced later.
func (f File) unbacked(a answer) bool {
	got, err := parseStat(a)
	return err == nil && f.Foreign && f.Backup && got.kind == "regular file" && a.line("backup") == ""
}

// unbacked tells whether that is so of any file of d.
func (d Desired) unbacked(answers []answer) bool {
	for i, item := range d {
		if f, ok := item.(File); ok && f.unbacked(answers[i]) {
			return true
		}
	}
	return false
}

// sameContent tells whether only mode or owner differ.
func (f File) sameContent(got Facts) bool {
	want := f.want()
	for _, fact := range []string{f.fact("mode"), f.fact("owner")} {
		want[fact] = got[fact]
	}
	return len(got.Changes(want)) == 0
}

func (f File) write(ctx context.Context, e *engine) (err error) {
	source, suffix := f.source(), ""
	if f.Foreign && f.Backup {
		suffix = BackupSuffix
	}
	if source.Open == nil {
		return errors.New("the content itself is not known here, only its digest")
	}
	content, err := source.Open(ctx)
	if err != nil {
		return err
	}
	reader := &remembering{Reader: content}
	defer func() { err = errors.Join(err, content.Close()) }()
	args := append([]string{
		f.Path, leftovers(f.Path), f.attributes().modeText(), f.attributes().ownerText(), yesNo(f.Secret), yesNo(f.FollowLinks), suffix,
	}, f.Validate...)
	first := strings.NewReader(fmt.Sprintf("%d %s\n", source.Size, source.SHA256))
	err = e.stream(ctx, "write", writeScript, io.MultiReader(first, reader), args...)
	if cause := reader.err.Load(); cause != nil { // what the host says then is only that something is missing
		return fmt.Errorf("read its content: %w", *cause)
	}
	return err
}

func (f File) remove(ctx context.Context, e *engine, b Before) error {
	if isUnitFile(f.Path) {
		e.unitFilesChanged = true
	}
	before, recorded := b.Files[f.Path]
	if before.Backup || f.Backup && !recorded {
		// As long as there is no backup the file was not replaced. Without a record it may be theirs: it stays.
		return e.run(ctx, "restore", removeScript, nil, "backup", f.Path, leftovers(f.Path), yesNo(f.FollowLinks), BackupSuffix)
	}
	if !before.Existed || !before.Kept {
		return e.run(ctx, "remove", removeScript, nil, "file", f.Path, leftovers(f.Path), yesNo(f.FollowLinks), BackupSuffix)
	}
	mode, err := strconv.ParseUint(before.Mode, 8, 12)
	if err != nil {
		return fmt.Errorf("the recorded mode %q: %w", before.Mode, err)
	}
	owner, group, _ := strings.Cut(before.Owner, ":")
	previous := File{Path: f.Path, Content: before.Content, Mode: fileMode(uint32(mode)), Owner: owner, Group: group, FollowLinks: f.FollowLinks}
	if a, ok := e.found[f.ID()]; ok { // written once more it would be newer than the units that read it
		if got, err := previous.observe(a); err == nil && len(got.Changes(previous.want())) == 0 {
			return nil
		}
	}
	return previous.write(ctx, e)
}

func (f File) left(got Facts, b Before) []string {
	state := got[f.ID()]
	if before := b.Files[f.Path]; before.Existed && (before.Kept || before.Backup) {
		if state == Absent {
			return []string{f.ID() + " is " + Absent + " and was there before"}
		}
		return nil
	}
	if state != Absent && !f.Backup { // a backup that nobody recorded may be back
		return []string{f.ID() + " is still there"}
	}
	return nil
}
