petrel_add_fuzzer(turn_server petrel::turn_server)
