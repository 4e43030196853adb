package exporterconfig

import "regexp"

// What devices call interfaces. None has blanks, quotes or what ends a line: nothing else than a name comes of it.
var (
	word     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$`)
	linux    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}$`)
	routerOS = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,63}$`)
	juniper  = regexp.MustCompile(`^[a-z]+[a-z0-9]*(-[0-9]+/[0-9]+/[0-9]+(:[0-9]+)?)?(\.[0-9]{1,10})?$`)
	bridge   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)
)

const (
	ntp         = "The clock of the device should be right: let it use NTP."
	unconfirmed = "Written after the documentation; not tried on a device."
)

var (
	ingressOnly = []Direction{Ingress}
	anyWay      = []Direction{Ingress, Egress, Both}
)

// Platforms are all there are, by name.
var Platforms = []Platform{
	{
		Name: "arista-eos", Title: "Arista EOS", Protocols: []Protocol{IPFIX, SFlow}, Directions: ingressOnly,
		interfacePattern: word, example: "Ethernet1", sourceIs: "the interface to send from", sourceInterface: true, sourceNeeded: true,
		active: span{1, 3600, 1}, inactive: span{3, 3600, 1}, template: span{5, 3600, 1}, sampling: sampling{most: 65535, needed: true},
		Notes: []string{
			"The removal of sFlow ends it as a whole. Where there are other collectors, “no sflow destination ADDRESS PORT” alone is enough.", ntp, unconfirmed,
		},
		Sources: []Source{{"Arista EOS User Manual, Sampled Flow Tracking; sFlow", "https://www.arista.com/en/um-eos/eos-sampled-flow-tracking"}},
	},
	{
		Name: "cisco-asa", Title: "Cisco ASA", Protocols: []Protocol{NetFlow9}, Directions: []Direction{Both},
		names: true, noIPv6: true, sourceIs: "the name of the interface (nameif) to send from", sourceInterface: true, sourceNeeded: true, example: "inside",
		active: span{60, 3600, 60}, template: span{60, 216000, 60},
		Notes: []string{
			"NSEL reports connections: one record tells of both directions, with the address translation, and of what was denied.", ntp, unconfirmed,
		},
		Sources: []Source{{"Cisco ASA NetFlow Implementation Guide", "https://www.cisco.com/c/en/us/td/docs/security/asa/special/netflow/asa_netflow.html"}},
	},
	{
		Name: "cisco-ios-xe", Title: "Cisco IOS XE", Protocols: []Protocol{NetFlow9, IPFIX}, Directions: anyWay,
		interfacePattern: word, example: "GigabitEthernet0/0/1", sourceIs: "the interface to send from", sourceInterface: true,
		active: span{1, 604800, 1}, inactive: span{1, 604800, 1}, template: span{1, 86400, 1}, sampling: sampling{most: 32768},
		Notes:   []string{ntp, unconfirmed},
		Sources: []Source{{"Cisco IOS XE Flexible NetFlow Configuration Guide", "https://www.cisco.com/c/en/us/td/docs/ios-xml/ios/fnetflow/configuration/xe-16/fnf-xe-16-book.html"}, akvorado},
	},
	{
		Name: "cisco-ios-xr", Title: "Cisco IOS XR", Protocols: []Protocol{NetFlow9, IPFIX}, Directions: anyWay,
		interfacePattern: word, example: "TenGigE0/0/0/1", sourceIs: "the interface to send from", sourceInterface: true, sourceNeeded: true,
		active: span{1, 604800, 1}, inactive: span{1, 604800, 1}, template: span{1, 604800, 1}, sampling: sampling{most: 65535, needed: true, powerOfTwo: true},
		Notes: []string{
			"NCS takes powers of two for sampling; so no other rate is written here.", "For autonomous systems: address-family … / bgp attribute-download in router bgp.", ntp, unconfirmed,
		},
		Sources: []Source{{"Cisco ASR 9000 NetFlow Configuration Guide", "https://www.cisco.com/c/en/us/td/docs/routers/asr9000/software/netflow/configuration/guide.html"}, akvorado},
	},
	{
		Name: "cisco-nx-os", Title: "Cisco NX-OS", Protocols: []Protocol{NetFlow9}, Directions: ingressOnly,
		interfacePattern: word, example: "Ethernet1/1", sourceIs: "the interface to send from: without it the exporter stays inactive", sourceInterface: true, sourceNeeded: true,
		active: span{60, 4092, 1}, inactive: span{15, 4092, 1}, template: span{1, 86400, 1}, sampling: sampling{most: 131072, powerOfTwo: true},
		Warnings: []Warning{{Text: "Nexus 9000 has “flow timeout SECONDS” in place of the two timeouts, 10 s by default: leave these lines out there."}},
		Notes:    []string{ntp, unconfirmed},
		Sources:  []Source{{"Cisco Nexus NX-OS System Management Configuration Guide, Configuring NetFlow", "https://www.cisco.com/c/en/us/support/switches/nexus-7000-series-switches/products-installation-and-configuration-guides-list.html"}},
	},
	{
		Name: "edgeos", Title: "EdgeOS (EdgeRouter)", Protocols: []Protocol{NetFlow9, NetFlow5}, Directions: []Direction{Both, Ingress},
		interfacePattern: linux, example: "eth0", names: true, active: span{1, 604800, 1}, inactive: span{1, 604800, 1}, sampling: sampling{most: 1_000_000}, domain: 254,
		Warnings: []Warning{{Text: "It repeats templates every 18 packets, however long that takes: on a quiet line the first flows may take minutes. The collector keeps them until then.", Only: []Protocol{NetFlow9}}},
		Notes:    vyattaNotes("The removal ends flow accounting as a whole. Where there are other collectors, delete this one alone: “delete system flow-accounting netflow server ADDRESS”."),
		Sources:  []Source{{"EdgeOS: system flow-accounting, with pmacct's uacctd inside", "https://help.ui.com/hc/en-us/articles/204962154"}, {"pmacct CONFIG-KEYS, nfprobe_timeouts", "https://github.com/pmacct/pmacct/blob/master/CONFIG-KEYS"}},
	},
	{
		Name: "fortios", Title: "FortiOS 7.2 and later (FortiGate)", Protocols: []Protocol{NetFlow9, SFlow}, Directions: []Direction{Ingress, Egress, Both},
		interfacePattern: word, example: "port1", names: true, sourceIs: "the address to send from",
		active: span{60, 3600, 1}, inactive: span{10, 600, 1}, template: span{60, 86400, 1}, sampling: sampling{most: 99999, only: []Protocol{SFlow}},
		Notes: []string{
			"Before 7.2 there is one collector: “set collector-ip” and “set collector-port” directly under “config system netflow”. Before 7.0 timeouts are minutes.",
			"Collectors have numbers that the device gives, so the removal takes all of them away, and the interfaces from all. Where there are others, find the number with “show” under “config collectors”, " +
				"write “delete NUMBER” in place of “purge”, and leave the interfaces out.",
			ntp, unconfirmed,
		},
		Sources: []Source{{"FortiOS 7.6.5 CLI Reference, config system netflow", "https://docs.fortinet.com/document/fortigate/7.6.5/cli-reference/105185180"}},
	},
	{
		Name: "h3c", Title: "H3C Comware 7", Protocols: []Protocol{NetFlow9, NetFlow5}, Directions: anyWay,
		interfacePattern: word, example: "GigabitEthernet1/0/1", sourceIs: "the interface to send from", sourceInterface: true, noIPv6: true,
		active: span{60, 3600, 60}, inactive: span{10, 600, 1}, template: span{60, 216000, 60}, sampling: sampling{most: 32768, powerOfTwo: true},
		Notes:   []string{ntp, unconfirmed},
		Sources: []Source{{"HPE FlexNetwork MSR (Comware 7) Network Management and Monitoring Command Reference, NetStream", "https://www.easymanua.ls/hpe/flexnetwork-msr3012/manual?p=396"}},
	},
	{
		Name: "hsflowd", Title: "hsflowd (host sFlow)", Protocols: []Protocol{SFlow}, Directions: []Direction{Both},
		interfacePattern: linux, example: "eth0", names: true, sampling: sampling{most: 1 << 24, needed: true},
		Notes:   []string{"The text is the whole of /etc/hsflowd.conf."},
		Sources: []Source{{"hsflowd.conf", "https://sflow.net/host-sflow-linux-config.php"}},
	},
	{
		Name: "huawei", Title: "Huawei VRP (NetStream)", Protocols: []Protocol{NetFlow9, NetFlow5}, Directions: anyWay,
		interfacePattern: word, example: "GigabitEthernet0/0/1", sourceIs: "the address to send from", sourceNeeded: true,
		active: span{60, 3600, 60}, inactive: span{5, 600, 1}, template: span{60, 216000, 60}, sampling: sampling{most: 65535},
		Warnings: []Warning{{Text: "The active timeout is in minutes on routers (AR, NE), and in seconds on CloudEngine switches: there write 60 in place of 1."}},
		Notes:    []string{ntp, unconfirmed},
		Sources:  []Source{{"Huawei command reference, ip netstream timeout; ip netstream export template", "https://support.huawei.com/enterprise/en/doc/EDOC1100278544"}, akvorado},
	},
	{
		Name: "ipt-netflow", Title: "ipt_NETFLOW (Linux)", Protocols: []Protocol{NetFlow9, IPFIX, NetFlow5}, Directions: []Direction{Both},
		active: span{1, 86400, 1}, inactive: span{1, 86400, 1}, template: span{60, 86400, 60}, sampling: sampling{most: 16384}, domain: 1<<31 - 1,
		Warnings: []Warning{{Text: "Its sampling takes one flow of so many, not one packet."}},
		Notes:    []string{"It sees what is forwarded; add the chains INPUT and OUTPUT for what the host itself sends and gets."},
		Sources:  []Source{{"ipt-netflow README", "https://github.com/aabc/ipt-netflow"}},
	},
	{
		Name: "juniper-mx", Title: "Juniper MX (inline J-Flow)", Protocols: []Protocol{NetFlow9, IPFIX}, Directions: []Direction{Ingress, Egress, Both},
		interfacePattern: juniper, example: "ge-0/0/0.0", sourceIs: "the address to send from", sourceNeeded: true,
		active: span{10, 600, 1}, inactive: span{10, 600, 1}, template: span{10, 600, 1}, sampling: sampling{most: 16000000, needed: true}, domain: 255,
		Notes: []string{
			"Change fpc 0 to the slots of your interfaces, a line each.", "Interfaces need family inet and family inet6 for the lines about them.", ntp, unconfirmed,
		},
		Sources: []Source{{"Junos: Configuring Inline Active Flow Monitoring", "https://www.juniper.net/documentation/us/en/software/junos/flow-monitoring/topics/topic-map/inline-sampling-overview.html"}, akvorado},
	},
	{
		Name: "juniper-srx", Title: "Juniper SRX (J-Flow)", Protocols: []Protocol{NetFlow9, IPFIX}, Directions: []Direction{Ingress, Egress, Both},
		interfacePattern: juniper, example: "ge-0/0/0.0", sourceIs: "the address to send from", sourceNeeded: true,
		active: span{10, 600, 1}, inactive: span{10, 600, 1}, template: span{10, 600, 1}, sampling: sampling{most: 65535, needed: true},
		Warnings: []Warning{{Text: "Some versions send totals where IPFIX has differences; the collector reads both, but a long flow may show too much.", Only: []Protocol{IPFIX}}},
		Notes:    []string{"Interfaces need family inet and family inet6 for the lines about them.", ntp, unconfirmed},
		Sources:  []Source{{"Junos: Configuring Flow Aggregation on SRX to Use Version 9 Flow Templates", "https://www.juniper.net/documentation/us/en/software/junos/flow-monitoring/topics/concept/flowmonitoring-version9-flow-template-srx-series.html"}, akvorado},
	},
	{
		Name: "nokia-sros", Title: "Nokia SR OS (MD-CLI)", Protocols: []Protocol{IPFIX, NetFlow9}, Directions: []Direction{Ingress, Egress, Both},
		interfacePattern: word, example: "to-upstream", active: span{30, 36000, 1}, inactive: span{10, 600, 1}, template: span{10, 600, 1}, sampling: sampling{most: 10000, needed: true},
		Notes: []string{
			"The interfaces are those of the Base router; those of a service are under /configure service.",
			"Its interface numbers are others than SNMP's, unless “cflowd use-vrtr-if-index” is set.", ntp, unconfirmed,
		},
		Sources: []Source{{"Nokia SR OS Router Configuration Guide, Cflowd", "https://documentation.nokia.com/sr/"}, akvorado},
	},
	{
		Name: "openvswitch", Title: "Open vSwitch", Protocols: []Protocol{IPFIX, NetFlow5, SFlow}, Directions: []Direction{Both},
		interfacePattern: bridge, example: "br0", oneInterface: true, sourceIs: "the interface of the host that is the agent of sFlow", sourceInterface: true,
		active: span{1, 4200, 1}, sampling: sampling{most: 1 << 30, only: []Protocol{IPFIX, SFlow}}, domain: 1<<31 - 1,
		Notes:   []string{"The interface is a bridge. It has one export of each protocol: this one takes the place of what was there."},
		Sources: []Source{{"ovs-vswitchd.conf.db(5), tables NetFlow, IPFIX and sFlow", "https://www.openvswitch.org/support/dist-docs/ovs-vswitchd.conf.db.5.html"}},
	},
	{
		Name: "opnsense", Title: "OPNsense", Protocols: []Protocol{NetFlow9, NetFlow5}, Directions: []Direction{Both},
		interfacePattern: word, example: "LAN", noIPv6: true,
		Warnings: []Warning{{Text: "Without “WAN interfaces” set, what is translated counts twice."}},
		Notes:    []string{"It has no timeouts to set.", ntp},
		Sources:  []Source{{"OPNsense manual, Netflow Export & Analyses", "https://docs.opnsense.org/manual/netflow.html"}},
	},
	{
		Name: "panos", Title: "Palo Alto PAN-OS", Protocols: []Protocol{NetFlow9}, Directions: ingressOnly,
		interfacePattern: regexp.MustCompile(`^(ethernet[0-9]+/[0-9]+|ae[0-9]+)$`), example: "ethernet1/1", names: true,
		active: span{60, 3600, 60}, template: span{60, 216000, 60},
		Notes: []string{
			"Lines are for layer 3 interfaces; for others write layer2 or virtual-wire in place of layer3.",
			"Ended sessions are reported when they end. It sends from the management interface, unless a service route for NetFlow says otherwise.", ntp, unconfirmed,
		},
		Sources: []Source{{"PAN-OS Web Interface Help, Device > Server Profiles > NetFlow", "https://docs.paloaltonetworks.com/pan-os/10-1/pan-os-web-interface-help/device/device-server-profiles-netflow"}},
	},
	{
		Name: "pfsense", Title: "pfSense Plus 24.03 and later", Protocols: []Protocol{IPFIX, NetFlow5}, Directions: []Direction{Both},
		sourceIs: "the address to send from", domain: 1<<31 - 1,
		Notes:   []string{"It tells of connections when they end, and has no timeouts to set. pfSense CE has only the package softflowd: take the platform softflowd.", ntp},
		Sources: []Source{{"pfSense documentation, Packet Flow Data", "https://docs.netgate.com/pfsense/en/latest/firewall/pflow.html"}},
	},
	{
		Name: "routeros6", Title: "MikroTik RouterOS 6", Protocols: []Protocol{NetFlow9, IPFIX, NetFlow5}, Directions: []Direction{Both},
		interfacePattern: routerOS, example: "ether1", allInterfaces: true, sourceIs: "the address to send from",
		active: span{1, 86400, 1}, inactive: span{1, 86400, 1}, template: span{1, 86400, 1},
		Warnings: []Warning{{Text: "Its flow cache drops what does not fit; cache-entries=256k is the most some devices take."}},
		Notes:    []string{ntp},
		Sources:  []Source{{"MikroTik, Traffic Flow", "https://help.mikrotik.com/docs/spaces/ROS/pages/21102653/Traffic+Flow"}},
	},
	{
		Name: "routeros7", Title: "MikroTik RouterOS 7", Protocols: []Protocol{NetFlow9, IPFIX, NetFlow5}, Directions: []Direction{Both},
		interfacePattern: routerOS, example: "ether1", allInterfaces: true, sourceIs: "the address to send from",
		active: span{1, 86400, 1}, inactive: span{1, 86400, 1}, template: span{1, 86400, 1}, sampling: sampling{most: 65536},
		Warnings: []Warning{{Text: "Version 7.12 counts wrongly in NetFlow v9: take another one, or ipfix.", Only: []Protocol{NetFlow9}}},
		Notes:    []string{ntp},
		Sources:  []Source{{"MikroTik, Traffic Flow", "https://help.mikrotik.com/docs/spaces/ROS/pages/21102653/Traffic+Flow"}},
	},
	{
		Name: "softflowd", Title: "softflowd (Linux, BSD)", Protocols: []Protocol{NetFlow9, IPFIX, NetFlow5}, Directions: []Direction{Both},
		interfacePattern: linux, example: "eth0", names: true, oneInterface: true,
		active: span{1, 604800, 1}, inactive: span{1, 604800, 1}, sampling: sampling{most: 65535},
		maxFlows: 1 << 24, filters: true, tracks: []Track{TrackFull, TrackIP, TrackProto, TrackVLAN, TrackEther},
		Warnings: []Warning{{Text: "On Linux it gets packets in full blocks of 128 KiB, about a thousand small ones: on a quiet line, or behind a filter, flows come late."}},
		Notes:    []string{"The text is a file of Debian's package: one for each interface, /etc/softflowd/NAME.conf, and systemctl enable --now softflowd@NAME."},
		Sources:  []Source{{"softflowd(8), Debian's softflowd@.service", "https://manpages.debian.org/bookworm/softflowd/softflowd.8.en.html"}},
	},
	{
		Name: "vyos", Title: "VyOS 1.4 and later", Protocols: []Protocol{NetFlow9, IPFIX, NetFlow5, SFlow}, Directions: []Direction{Ingress, Both},
		interfacePattern: linux, example: "eth0", sourceIs: "the address to send from",
		active: span{1, 604800, 1}, inactive: span{1, 604800, 1}, sampling: sampling{most: 1_000_000}, domain: 255,
		Warnings: []Warning{{Text: "It repeats templates by packets, not by time: on a quiet line the first flows may take minutes. The collector keeps them until then.", Only: []Protocol{NetFlow9, IPFIX}}},
		Notes: vyattaNotes("The removal ends flow accounting, or sFlow, as a whole. Where there are other collectors, delete this one alone: “delete system flow-accounting netflow server ADDRESS”, " +
			"“delete system sflow server ADDRESS”."),
		Sources: []Source{{"VyOS documentation, Flow Accounting; sFlow", "https://docs.vyos.io/en/latest/configuration/system/flow-accounting.html"}},
	},
}

// akvorado has been used with these platforms by people who operate them.
var akvorado = Source{"Akvorado documentation, Configure your exporters", "https://demo.akvorado.net/docs/exporters"}

// vyattaNotes are about what EdgeOS and VyOS have from their common ancestor.
func vyattaNotes(removal string) []string {
	return []string{
		ntp,
		"Ingress of every interface shows all traffic once. With one interface alone, as the one to the provider, both directions are needed to see what goes out.",
		removal,
	}
}
