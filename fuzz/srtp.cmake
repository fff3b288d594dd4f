petrel_add_fuzzer(srtp_unprotect petrel::srtp)
