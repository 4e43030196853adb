# HOST: off when nothing swaps on host flow1
terraform import flowstack_swap.flow1 flow1
