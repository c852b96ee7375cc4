"""The kernel drops banned peers before a handshake completes (law 3): an eBPF filter on the listening sockets.

`drop.KernelDrop` is what the wiring uses, `sink.KernelSink` keeps it in step with the journal; `program` and `bpf` are
how it is done. Linux on x86_64 or aarch64, with CAP_BPF at start; elsewhere the acceptor refuses by itself.
"""
