package main

import (
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// durationFlag is a flag that is written as settings write durations, days included.
type durationFlag struct{ *time.Duration }

// Set implements pflag.Value.
func (f durationFlag) Set(text string) error {
	d, err := config.ParseDuration(text)
	*f.Duration = time.Duration(d)
	return err
}

// Type implements pflag.Value.
func (durationFlag) Type() string { return "duration" }

// String implements pflag.Value.
func (f durationFlag) String() string {
	if f.Duration == nil || *f.Duration == 0 {
		return ""
	}
	return config.Duration(*f.Duration).String()
}
