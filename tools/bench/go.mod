module github.com/flowstack/terraform-provider-flowstack/tools/bench

go 1.26.0

require (
	github.com/flowstack/terraform-provider-flowstack v0.0.0
	github.com/netsampler/goflow2/v2 v2.2.6
)

require (
	github.com/agext/levenshtein v1.2.3 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
)

replace github.com/flowstack/terraform-provider-flowstack => ../..
