"""Maps the folders `public/` and `config/` into the package; everything else stands in pyproject.toml."""

from setuptools import setup

setup(
    packages=[
        "janitoo_datalog_rrd",
        "janitoo_datalog_rrd.config",
        "janitoo_datalog_rrd.core",
        "janitoo_datalog_rrd.decoders",
        "janitoo_datalog_rrd.nodes",
        "janitoo_datalog_rrd.public",
        "janitoo_datalog_rrd.store",
        "janitoo_datalog_rrd.web",
    ],
    package_dir={
        "janitoo_datalog_rrd.config": "config",
        "janitoo_datalog_rrd.public": "public",
    },
    package_data={
        "janitoo_datalog_rrd": ["py.typed"],
        "janitoo_datalog_rrd.config": ["*.conf", "*.service"],
        "janitoo_datalog_rrd.public": ["**/*"],
    },
)
