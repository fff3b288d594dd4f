petrel_add_fuzzer(udp_mux petrel::io)
