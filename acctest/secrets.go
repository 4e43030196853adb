package acctest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// SearchSecrets has every Tofu look for its secrets, after each command, where others could read them: in its states, its plans, what it prints, and its TRACE log. A
// secret that is found is an error of the command. A variable is a secret by its name, such as elastic_password or private_key. Tests set it once, for all.
var SearchSecrets bool

var (
	secretName = regexp.MustCompile(`(^|_)(password|passphrase|secret|private_key|token|licen[cs]e_key)(_|$)`)
	notSecret  = regexp.MustCompile(`_(file|path|user)$`)
)

// shortest is the length from which on a text is taken for a secret: shorter ones are anywhere by chance.
const shortest = 8

// known are the secrets of all Tofus of this process, for hosts to be searched.
var known struct {
	sync.Mutex
	secrets map[string]string // secret → the variable's name
}

// KnownSecrets are those that variables of OpenTofu had so far.
func KnownSecrets() []string {
	known.Lock()
	defer known.Unlock()
	secrets := make([]string, 0, len(known.secrets))
	for secret := range known.secrets {
		secrets = append(secrets, secret)
	}
	slices.Sort(secrets)
	return secrets
}

// learn takes a variable of the environment for a secret, if it is one.
func (t *Tofu) learn(variable string) {
	name, value, _ := strings.Cut(variable, "=")
	name, is := strings.CutPrefix(name, "TF_VAR_")
	if !is || !secretName.MatchString(name) || notSecret.MatchString(name) || len(value) < shortest {
		return
	}
	if lines := strings.Split(value, "\n"); len(lines) > 2 { // PEM: a line of its middle, which no other one has
		value = lines[len(lines)/2]
	}
	if t.secrets == nil {
		t.secrets = map[string]string{}
	}
	t.secrets[value] = name
	known.Lock()
	defer known.Unlock()
	if known.secrets == nil {
		known.secrets = map[string]string{}
	}
	known.secrets[value] = name
}

// leaks says where secrets are found after a command: in texts that it has printed, and in files. A log of its own is read once and removed.
func (t *Tofu) leaks(printed string) error {
	if !SearchSecrets {
		return nil
	}
	places := map[string]string{"what it prints": printed}
	for place, name := range map[string]string{"the state": "terraform.tfstate", "the former state": "terraform.tfstate.backup", "the log": t.log()} {
		file := name
		if !filepath.IsAbs(file) {
			file = filepath.Join(t.Dir, name)
		}
		content, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		places[place] = string(content)
	}
	if t.log() == ownLog {
		if err := os.RemoveAll(filepath.Join(t.Dir, ownLog)); err != nil {
			return err
		}
	}
	var errs []error
	for place, text := range places {
		for secret, name := range t.secrets {
			if strings.Contains(text, secret) {
				errs = append(errs, fmt.Errorf("the secret in variable %s is in %s", name, place))
			}
		}
	}
	return errors.Join(errs...)
}

// ownLog is where OpenTofu logs to while secrets are searched for, unless a test says where.
const ownLog = "searched.log"

func (t *Tofu) log() string {
	name := ""
	for _, variable := range t.env {
		if value, is := strings.CutPrefix(variable, "TF_LOG_PATH="); is {
			name = value
		}
	}
	return name
}

// withoutVariables is a plan, as tofu show prints it, without the values that variables were given: those are the user's own words.
func withoutVariables(plan []byte) string {
	var p map[string]json.RawMessage
	if json.Unmarshal(plan, &p) != nil {
		return string(plan)
	}
	delete(p, "variables")
	var b strings.Builder
	for _, part := range p {
		b.Write(part)
		b.WriteByte('\n')
	}
	return b.String()
}
