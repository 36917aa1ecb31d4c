"""Decoder `collectd`, its types: which data sources a type has, of which kind, and in which units.

Facts of collectd's `types.db` (https://github.com/collectd/collectd/blob/main/src/types.db) and of the manuals of its plugins.
What stands in neither table has one data source, `value`, a GAUGE.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Source(NamedTuple):
    """A data source of a type.

    Attributes:
        name: `value` where the type has only one.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        units: of what is counted or measured; empty where they depend on the plugin.
    """

    name: str
    ds_type: str
    units: str


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COUNTS = _names(
    """
    apache_bytes apache_requests ath_stat cache_eviction cache_operation cache_result ceph_rate commands connections
    contextswitch cookies cpu derive disk_discard_ops disk_discard_merged disk_discard_sectors disk_discard_time disk_flush_ops
    disk_flush_time disk_ops_complex dns_answer dns_notify dns_opcode dns_qtype dns_query dns_question dns_rcode dns_reject
    dns_request dns_resolver dns_response dns_transfer dns_update dns_zops drbd_resource errors evicted_keys expired_keys
    filter_result fork_rate fscache_stat hash_collisions http_request_methods http_requests http_response_codes ib_errors
    ib_link_error_recovery ib_xmit_wait if_collisions if_multicast if_rx_dropped if_rx_errors if_rx_nohandler if_rx_octets
    if_rx_packets if_tx_dropped if_tx_errors if_tx_octets if_tx_packets invocations ipt_bytes ipt_packets irq job_stats
    memory_bandwidth memcached_command memcached_ops memory_throttle_count mutex_operations mysql_bpool_counters mysql_commands
    mysql_handler mysql_innodb_data mysql_innodb_dblwr mysql_innodb_log mysql_innodb_pages mysql_innodb_row_lock
    mysql_innodb_rows mysql_locks mysql_log_position mysql_select mysql_sort mysql_sort_merge_passes mysql_sort_rows
    mysql_slow_queries nfs_procedure nginx_requests node_stat operations packets perf pf_counters pf_limits pf_source pf_state
    pg_blks pg_n_tup_c pg_scan pg_xact protocol_counter redis_command_cputime slurm_backfilled_jobs slurm_cycles
    slurm_cycle_duration slurm_cycle_depth slurm_job_stats slurm_queue_length swap_io total_bytes total_connections total_events
    total_objects total_operations total_requests total_sessions total_threads total_time_in_ms total_values transitions
    virt_cpu_total virt_vcpu vmpage_action
    """
)
_ONE = MappingProxyType({"absolute": "ABSOLUTE", "counter": "COUNTER", "dpdk_telemetry": "COUNTER", "ras_errors": "COUNTER"})
_SEVERAL = MappingProxyType(
    {
        "arc_counts": "COUNTER demand_data demand_metadata prefetch_data prefetch_metadata",
        "arc_l2_bytes": "COUNTER read write",
        "arc_size": "GAUGE current target minlimit maxlimit",
        "compression": "DERIVE uncompressed compressed",
        "df": "GAUGE used free",
        "disk_io_time": "DERIVE io_time weighted_io_time",
        "disk_latency": "GAUGE read write",
        "disk_merged": "DERIVE read write",
        "disk_octets": "DERIVE read write",
        "disk_ops": "DERIVE read write",
        "disk_time": "DERIVE read write",
        "dns_octets": "DERIVE queries responses",
        "domain_state": "GAUGE state reason",
        "duration": "GAUGE seconds",
        "ib_octets": "DERIVE rx tx",
        "ib_packets": "DERIVE rx tx",
        "if_dropped": "DERIVE rx tx",
        "if_errors": "DERIVE rx tx",
        "if_octets": "DERIVE rx tx",
        "if_packets": "DERIVE rx tx",
        "io_octets": "DERIVE rx tx",
        "io_ops": "DERIVE read write",
        "io_packets": "DERIVE rx tx",
        "load": "GAUGE shortterm midterm longterm",
        "memcached_octets": "DERIVE rx tx",
        "mysql_octets": "DERIVE rx tx",
        "mysql_qcache": "COUNTER hits inserts not_cached lowmem_prunes queries_in_cache:GAUGE",
        "mysql_threads": "GAUGE running connected cached created:COUNTER",
        "node_octets": "DERIVE rx tx",
        "pmu_counter": "COUNTER scaled raw enabled running",
        "ps_count": "GAUGE processes threads",
        "ps_cputime": "DERIVE user syst",
        "ps_disk_octets": "DERIVE read write",
        "ps_disk_ops": "DERIVE read write",
        "ps_pagefaults": "DERIVE minflt majflt",
        "serial_octets": "DERIVE rx tx",
        "smart_attribute": "GAUGE current worst threshold pretty",
        "vf_broadcast": "DERIVE vf_value",
        "vf_bytes": "DERIVE vf_rx vf_tx",
        "vf_dropped": "DERIVE vf_rx vf_tx",
        "vf_link_info": "GAUGE vf_value",
        "vf_multicast": "DERIVE vf_value",
        "vf_packets": "DERIVE vf_rx vf_tx",
        "vmpage_faults": "DERIVE minflt majflt",
        "vmpage_io": "DERIVE in out",
        "voltage_threshold": "GAUGE value threshold",
    }
)
_UNITS = MappingProxyType(
    {
        "B": """apache_bytes arc_l2_bytes arc_l2_size arc_size bytes cache_size ceph_bytes compression df df_complex disk_octets
            dns_octets file_size ib_octets if_octets if_rx_octets if_tx_octets io_octets ipt_bytes memcached_octets memory
            mysql_bpool_bytes mysql_octets node_octets pg_db_size ps_code ps_data ps_disk_octets ps_rss ps_stacksize ps_vm
            serial_octets swap total_bytes vf_bytes""",
        "%": "humidity nvme_avail_spare nvme_percent_used percent percent_bytes percent_inodes ping_droprate",
        "°C": "smart_temperature temperature",
        "A": "current",
        "Hz": "cpufreq frequency",
        "V": "voltage voltage_threshold",
        "W": "power",
        "Wh": "energy_wh",
        "bit/s": "bitrate",
        "dB": "snr",
        "dBm": "signal_noise signal_power",
        "min": "timeleft",
        "ms": "disk_discard_time disk_flush_time disk_io_time disk_time ping ping_stddev total_time_in_ms",
        "ns": "virt_cpu_total virt_vcpu",
        "rpm": "fanspeed",
        "s": "duration uptime",
        "µs": "ps_cputime",
    }
)
_UNITS_OF = MappingProxyType({name: units for units, names in _UNITS.items() for name in names.split()})


def sources_of(name: str, count: int) -> tuple[Source, ...]:
    """The data sources of a type; those that are not known are called by their numbers, and measured.

    Args:
        name: the type, such as `if_octets`.
        count: how many values its message has.
    """
    units = _UNITS_OF.get(name, "")
    told = _SEVERAL.get(name)
    if told is not None:
        ds_type, *names = told.split()
        known = tuple(Source(each.partition(":")[0], each.partition(":")[2] or ds_type, units) for each in names)
    else:
        known = (Source("value", "DERIVE" if name in _COUNTS else _ONE.get(name, "GAUGE"), units),)
    if len(known) == count:
        return known
    return tuple(Source(str(number), "GAUGE", "") for number in range(count))
