"""`python -m juqing`: the command line, for `torchrun -m juqing`."""

from juqing.cli import main

main()
