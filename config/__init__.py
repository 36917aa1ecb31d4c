"""The default ini and the service file, as files of the package `janitoo_datalog_rrd.config`."""
