// Package functions are the provider's functions about sizes: they compute, and ask no host.
package functions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

// neighbours are what may run beside Elasticsearch on a host.
var neighbours = []string{"collector", "kibana"}

// Heap is elasticsearch.Heap; an error names the argument that is to blame.
func Heap(memory int64, beside []string) (string, error) {
	for i, name := range beside {
		if !slices.Contains(neighbours, name) {
			return "", function.NewArgumentFuncError(int64(1+i), fmt.Sprintf("%q is nothing that is known to run beside Elasticsearch; known are %s", name, strings.Join(neighbours, ", ")))
		}
		if slices.Contains(beside[:i], name) {
			return "", function.NewArgumentFuncError(int64(1+i), fmt.Sprintf("%q is named twice", name))
		}
	}
	heap, err := elasticsearch.Heap(memory, len(beside) > 0)
	if err != nil {
		return "", function.NewArgumentFuncError(0, err.Error())
	}
	return heap, nil
}

type heapFunction struct{}

// NewHeap makes the function jvm_heap.
func NewHeap() function.Function { return heapFunction{} }

// Metadata implements function.Function.
func (heapFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "jvm_heap"
}

// Definition implements function.Function.
func (heapFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Heap size for Elasticsearch",
		MarkdownDescription: "Returns the heap for an Elasticsearch on a host with so much memory, as the JVM writes it: `\"12g\"`, `\"3584m\"`. It is half of the memory " +
			"where Elasticsearch is alone and a third beside the collector or Kibana, since what is left is the file cache that its searches live on. It is a " +
			"multiple of 256 MiB, so that a kernel update does not change it, and at most `30g`: above that the JVM needs twice the memory for each reference to an object " +
			"(compressed ordinary object pointers end at about 31 GiB), and a larger heap holds less.",
		Parameters: []function.Parameter{function.Int64Parameter{
			Name: "memory_bytes", MarkdownDescription: "The host's memory in octets: 16 GiB are `17179869184`, or `16 * pow(2, 30)`.",
		}},
		VariadicParameter: function.StringParameter{
			Name: "beside", MarkdownDescription: "What else runs on the host: `collector`, `kibana`.",
		},
		Return: function.StringReturn{},
	}
}

// Run implements function.Function.
func (heapFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var memory int64
	var beside []string
	if resp.Error = req.Arguments.Get(ctx, &memory, &beside); resp.Error != nil {
		return
	}
	heap, err := Heap(memory, beside)
	if err != nil {
		resp.Error = funcError(err)
		return
	}
	resp.Error = resp.Result.Set(ctx, heap)
}

// funcError finds the argument that is to blame.
func funcError(err error) *function.FuncError {
	var located *function.FuncError
	if errors.As(err, &located) {
		return located
	}
	return function.NewFuncError(err.Error())
}
