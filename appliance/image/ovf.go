package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"
)

// ovf describes the virtual machine (DMTF DSP0243 1.1, which vSphere, Workstation and VirtualBox take): two processors, 4 GiB, one disk, one network. The
// properties are what cloud-init's data source OVF knows; vSphere asks for them, and VMware's tools in the machine hand them over.
const ovf = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:id="file1" ovf:href="%[1]s.vmdk" ovf:size="%[2]d"/>
  </References>
  <DiskSection>
    <Info>Disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="%[3]d" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="flows">
      <Description>Where exporters and people reach the appliance</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="%[1]s">
    <Info>The flowstack appliance</Info>
    <Name>%[1]s</Name>
    <OperatingSystemSection ovf:id="96" vmw:osType="debian12_64Guest">
      <Info>Debian, 64 bits</Info>
    </OperatingSystemSection>
    <ProductSection>
      <Info>The flowstack appliance</Info>
      <Product>flowstack appliance</Product>
      <Property ovf:key="public-keys" ovf:type="string" ovf:userConfigurable="true" ovf:value="">
        <Label>SSH public key</Label>
        <Description>May log in as root. Without one nobody can.</Description>
      </Property>
      <Property ovf:key="hostname" ovf:type="string" ovf:userConfigurable="true" ovf:value="">
        <Label>Host name</Label>
        <Description>"flow" where it is empty.</Description>
      </Property>
      <Property ovf:key="user-data" ovf:type="string" ovf:userConfigurable="true" ovf:value="">
        <Label>User data of cloud-init</Label>
        <Description>In Base64, for more than the above.</Description>
      </Property>
    </ProductSection>
    <VirtualHardwareSection ovf:transport="com.vmware.guestInfo">
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual hardware</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemType>vmx-14</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:ElementName>Processors</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>2</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>Memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>4096</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:ElementName>SCSI controller</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>
        <rasd:ResourceType>6</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Disk</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>flows</rasd:Connection>
        <rasd:ElementName>Network</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`

var contentID = regexp.MustCompile(`(?m)^CID=[0-9a-f]{8}$`)

// fixContentID makes the content ID in the descriptor of a VMDK, which qemu-img takes from chance, the same each time. The descriptor is in the first
// sectors.
func fixContentID(vmdk string) error {
	f, err := os.OpenFile(vmdk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	descriptor := make([]byte, 64<<10)
	n, err := f.ReadAt(descriptor, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	at := contentID.FindIndex(descriptor[:n])
	switch {
	case err != nil:
	case at == nil:
		err = errors.New("there is no content ID in its descriptor")
	default:
		_, err = f.WriteAt([]byte("CID=f10a57ac"), int64(at[0]))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", vmdk, err)
	}
	return nil
}

// writeOVA packs a disk with its description and manifest, in the order that a reader needs who does not seek (DSP0243, section 5.3).
func writeOVA(path, name, vmdk string, epoch time.Time) error {
	info, err := os.Stat(vmdk)
	if err != nil {
		return err
	}
	description := fmt.Appendf(nil, ovf, name, info.Size(), int64(disk))
	digest, err := digestOf(vmdk)
	if err != nil {
		return err
	}
	manifest := fmt.Appendf(nil, "SHA256(%s.ovf)= %x\nSHA256(%s.vmdk)= %s\n", name, sha256.Sum256(description), name, digest)
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	member := func(name string, size int64, content io.Reader) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644, ModTime: epoch, Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err := io.Copy(w, content)
		return err
	}
	in, err := os.Open(vmdk)
	if err != nil {
		return errors.Join(err, out.Close())
	}
	err = errors.Join(
		member(name+".ovf", int64(len(description)), bytes.NewReader(description)),
		member(name+".mf", int64(len(manifest)), bytes.NewReader(manifest)),
		member(name+".vmdk", info.Size(), in),
		in.Close(), w.Close(), out.Close(),
	)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
