"""What became of messages and samples, in words; docs/troubleshooting.md has the same reasons with what to do."""

from __future__ import annotations

REASONS = {
    "accepted": "at least one sample was taken",
    "late": "its numbers are older than what is in the file",
    "ignored": "rightly nothing to log in it",
    "dropped": "it came while nothing could be stored, and did not fit into memory",
    "no_decoder": "no decoder reads its topic",
    "bad_heartbeat": "it stands under /dhcp/heartbeat/ and is no heartbeat",
    "decoder_failed": "a decoder failed on it; the log has the traceback",
    "store_failed": "the store failed on it; the log has the traceback",
    "not_json": "it is not JSON",
    "not_utf8": "it is not UTF-8 text",
    "bad_shape": "it is JSON, but no value of Janitoo",
    "bad_genre": "its genre is not 1 to 5",
    "bad_hadd": "its address is not CCCC/NNNN",
    "bad_uuid": "its uuid is no text of 1 to 100 characters",
    "bad_index": "its index is neither a whole number nor a short text",
    "no_data": "its value has no data",
    "bad_line": "a line of it is no line protocol of InfluxDB",
    "bad_name": "a record of SenML has no name, or one that is too long",
    "bad_record": "a record of SenML has a field that is not as RFC 8428 says",
    "new_version": "it is SenML of a version that is not known",
    "not_protobuf": "it is no payload of Sparkplug B",
    "no_birth": "its node has not said what its metrics are",
    "no_number": "there is no number where one is expected",
    "no_value": "there is nothing at the decoder's value path",
    "not_finite": "its number is NaN, infinite, or too large for a double",
    "bad_time": "its own time is before 1980, in the future, or cannot be read",
    "too_large": "it is longer than its decoder reads",
    "too_deep": "it is nested too deep",
    "too_many": "it has more than 1,000 numbers",
    "path_too_long": "a path in it is longer than 500 characters",
    "topic_too_long": "its topic is longer than 1,000 characters",
    "max_series": "there are max_series series already",
    "hidden": "a [series__NAME] section says that it is not to be logged",
    "not_configured": "auto_series is off, and no datasource asks for it",
    "out_of_range": "the number is more than an RRD file can hold",
    "refused": "RRDtool did not take the point; the log has its words",
    "store_failing": "the disk took nothing, and memory was full",
}


def told(reason: str) -> str:
    """A reason in words; empty for one of a plugin's decoder."""
    return REASONS.get(reason, "")
