# SPACE/TYPE/OBJECT_ID
terraform import flowstack_kibana_object.flows 'default/index-pattern/flows'
