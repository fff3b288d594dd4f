petrel_add_fuzzer(dcep petrel::datachannel)
petrel_add_fuzzer(datachannel_operations petrel::datachannel petrel_test_support)
