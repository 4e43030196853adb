package firewall

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const description = "Who may reach the ports of a flow host: packets to a port come from the networks it is open for, or are dropped. " +
	"The host itself always reaches its own ports, so Elasticsearch can be closed to everybody while the collector and the provider (which dials through SSH) use it.\n\n" +
	"It is a table of nftables of its own, `inet flowstack`, in `/etc/flowstack/firewall.nft`, which `flowstack-firewall.service` loads at boot, before the " +
	"network is up. A drop-in has the distribution's `nftables.service`, which empties the rule set, load it again whenever that starts. Only the ports of the " +
	"groups are matched, and never TCP port 22 or the port that sshd listens on: whatever it says, SSH and everything else stay as they are. Other tables are not touched. `nft` checks the file before it takes the old one's place, and the kernel " +
	"replaces the table in one step.\n\n" +
	"What the kernel has and what the file says are facts of their own: `\"table inet flowstack: flows: allowed\"` and " +
	"`\"file /etc/flowstack/firewall.nft: flows: allowed\"`. Rules and sets that somebody added to the table are drift, too, and are taken out. " +
	"Destroying the resource removes table, units and files.\n\n" +
	"ufw, firewalld and other tables that drop packets stay in force beside it; a warning names them. No rule needs connection tracking, which would cost every flow " +
	"packet time. Ports that Docker publishes do not pass here: it forwards them before. The host needs the package `nftables`.\n\n" +
	"There can be one for each host. See what is dropped with `nft list table inet flowstack`: each group counts it."

var attributes = map[string]schema.Attribute{
	"groups": schema.MapNestedAttribute{
		Required: true,
		MarkdownDescription: "Ports and who may reach them, by a name that the rules and facts have. A group without ports that is called `flows` is about UDP port " +
			"2055, `elasticsearch` about TCP port 9200, `kibana` about 5601, `page` about 8080. A port is in one group.",
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"udp": portsAttribute("UDP"),
			"tcp": portsAttribute("TCP"),
			"allowed": schema.SetAttribute{
				Required:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Networks (`192.0.2.0/24`, `2001:db8::/32`) and addresses that may reach the ports. Empty: only the host itself. " +
					"Everybody is `0.0.0.0/0` and `::/0`.",
			},
		}},
	},
}

func portsAttribute(protocol string) schema.SetAttribute {
	return schema.SetAttribute{
		Optional:            true,
		ElementType:         types.Int64Type,
		MarkdownDescription: protocol + " ports, from 1 to 65535.",
		Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueInt64sAre(int64validator.Between(1, 65535))},
	}
}
