"""What `rtvbox inspect` does with a capture; pure: octets in, a report out."""

from appliance.rtv.analysis.inspect import inspect_capture
from appliance.rtv.analysis.report import Report
from appliance.rtv.analysis.schema import report_json, report_schema
from appliance.rtv.analysis.text import render_text

__all__ = ["Report", "inspect_capture", "render_text", "report_json", "report_schema"]
