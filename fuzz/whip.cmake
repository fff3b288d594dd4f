petrel_add_fuzzer(trickle_fragment petrel::whip)
petrel_add_fuzzer(whip_link petrel::whip)
petrel_add_fuzzer(whip_server petrel::whip)
petrel_add_fuzzer(whip_session petrel::whip petrel_test_support)
