"""`python -m janitoo_datalog_rrd` is the console script `jnt_datalog_rrd`."""

from .cli import main

if __name__ == "__main__":
    main()
