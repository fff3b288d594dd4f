petrel_add_fuzzer(candidate petrel::ice)
petrel_add_fuzzer(ice_agent petrel::ice)
