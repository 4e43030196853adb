package geoip

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

// marker stands before the metadata, near the end of a database (MaxMind DB File Format Specification, "Database Metadata").
var marker = []byte("\xab\xcd\xefMaxMind.com")

// describe reads the metadata from the end of a database, as facts. It implements host.Source's Describe.
func describe(tail []byte) (map[string]string, error) {
	at := bytes.LastIndex(tail, marker)
	if at < 0 {
		return nil, errors.New("it is not a database in MaxMind's format")
	}
	kind, epoch, err := metadata(tail[at+len(marker):])
	if err != nil {
		return nil, err
	}
	built, err := builtAt(epoch)
	if err != nil {
		return nil, err
	}
	return map[string]string{typeFact: kind, builtFact: built.Format(time.RFC3339)}, nil
}

func metadata(data []byte) (kind string, epoch uint64, err error) {
	d := mmdbdata.NewDecoder(data, 0)
	members, _, err := d.ReadMap()
	if err != nil {
		return "", 0, fmt.Errorf("its metadata: %w", err)
	}
	for name, err := range members {
		if err == nil {
			switch string(name) {
			case "database_type":
				kind, err = d.ReadString()
			case "build_epoch":
				epoch, err = d.ReadUint64()
			default:
				err = d.SkipValue()
			}
		}
		if err != nil {
			return "", 0, fmt.Errorf("its metadata: %w", err)
		}
	}
	if kind == "" {
		return "", 0, errors.New("its metadata has no database_type")
	}
	return kind, epoch, nil
}

// builtAt is the time of a build_epoch.
func builtAt(epoch uint64) (time.Time, error) {
	const latest = 253402300799 // the end of the year 9999
	if epoch == 0 || epoch > min(latest, math.MaxInt64) {
		return time.Time{}, fmt.Errorf("its metadata has no usable build_epoch: %d", epoch)
	}
	return time.Unix(int64(epoch), 0).UTC(), nil
}
