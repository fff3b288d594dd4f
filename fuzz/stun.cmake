petrel_add_fuzzer(stun_message petrel::stun)
petrel_add_fuzzer(stun_binding_client petrel::stun)
petrel_add_fuzzer(stun_nat_discovery petrel::stun)
