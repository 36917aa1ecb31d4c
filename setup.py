"""Maps the folders `public/` and `config/` into the package; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["janitoo_datalog_rrd", "janitoo_datalog_rrd.*"]),
        "janitoo_datalog_rrd.config",
        "janitoo_datalog_rrd.public",
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
