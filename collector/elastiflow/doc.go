// Package elastiflow turns the settings of the ElastiFlow Unified Flow Collector, versions 5 to 7, into those of this collector. What does not
// become a setting is explained: nothing is passed over in silence.
//
// Names and defaults are those of ElastiFlow's published documentation and examples. Names of version 5 that are not documented follow the
// prefixes of the documented ones.
package elastiflow
