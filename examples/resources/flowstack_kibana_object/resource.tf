resource "flowstack_kibana_object" "flows" {
  type      = "index-pattern"
  object_id = "flows"
  attributes = jsonencode({
    title         = "flows*"
    timeFieldName = "@timestamp"
    fieldFormatMap = jsonencode({
      "network.bytes" = { id = "bytes" }
    })
  })
}

resource "flowstack_kibana_object" "sources" {
  type      = "visualization"
  object_id = "top-sources"
  attributes = jsonencode({
    title = "Top sources"
    visState = jsonencode({
      title  = "Top sources"
      type   = "table"
      params = { perPage = 10 }
      aggs = [
        { id = "1", enabled = true, type = "sum", schema = "metric", params = { field = "network.bytes" } },
        { id = "2", enabled = true, type = "terms", schema = "bucket", params = { field = "source.ip", orderBy = "1", order = "desc", size = 10 } },
      ]
    })
    kibanaSavedObjectMeta = {
      searchSourceJSON = jsonencode({ query = { query = "", language = "kuery" }, filter = [], indexRefName = "kibanaSavedObjectMeta.searchSourceJSON.index" })
    }
  })
  references = [{
    name = "kibanaSavedObjectMeta.searchSourceJSON.index"
    type = flowstack_kibana_object.flows.type
    id   = flowstack_kibana_object.flows.object_id
  }]
}
