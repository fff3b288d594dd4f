petrel_add_fuzzer(candidate petrel::ice)
petrel_add_fuzzer(ice_agent petrel::ice)
petrel_add_fuzzer(rfc4571_stream petrel::ice)
