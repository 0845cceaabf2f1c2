"""The report as text for a person."""

from __future__ import annotations

from appliance.rtv.analysis.report import FlowReport, Metadata, Pacing, Report, Spread, Video


def render_text(report: Report) -> str:
    """Lines for a terminal, ending with a newline. Contains what the grains say, patient included,
    when the report was made with a reader of grains."""
    lines = [
        f"{report.records} records, {report.datagrams} UDP datagrams, "
        f"{_ms(report.duration_ns)} ms of capture"
    ]
    if report.tai_offset_ns is not None:
        lines.append(f"TAI is the capture's clock + {report.tai_offset_ns // 10**9} s")
    if report.passed_over:
        passed = ", ".join(f"{count} {reason}" for reason, count in report.passed_over.items())
        lines.append(f"passed over: {passed}")
    lines += [f"note: {note}" for note in report.notes]
    for flow in report.flows:
        lines += ["", *_flow(flow)]
    if report.agreements:
        lines.append("")
    for agreement in report.agreements:
        lines.append(
            f"{_mark(agreement.ok)} video of flow {agreement.video} and metadata of flow "
            f"{agreement.metadata}: {agreement.matched} timestamps agree, "
            f"{agreement.video_only} only in video, {agreement.metadata_only} only in metadata"
        )
    for twin in report.twins:
        skew = "" if twin.skew_ns is None else f", skew {_us_spread(twin.skew_ns)}"
        lines.append(
            f"     flows {twin.first} and {twin.second} are one stream on two paths (ST 2022-7): "
            f"{twin.lost} lost on both{skew}"
        )
    lines += ["", "verdict: " + ("good" if report.ok else "not good: see what is marked FAIL")]
    if not report.flows:
        lines[-1] = "verdict: no UDP flow in the capture"
    elif not report.ok and not any(flow.kind in ("video", "metadata") for flow in report.flows):
        lines[-1] = "verdict: no ST 2110-20 video and no DICOM-RTV metadata in the capture"
    return "\n".join(lines) + "\n"


def _mark(ok: bool | None) -> str:
    return "   ?" if ok is None else "  ok" if ok else "FAIL"


def _ms(ns: int) -> str:
    return f"{ns // 1_000_000}.{ns // 100_000 % 10}"


def _us(ns: int) -> str:
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    return f"{sign}{ns // 1000}.{ns // 100 % 10}"


def _us_spread(values: Spread) -> str:
    return f"{_us(values.min)} / {_us(values.p50)} / {_us(values.max)} us (min / median / max)"


def _flow(flow: FlowReport) -> list[str]:
    title = {
        "video": "ST 2110-20 video",
        "metadata": "DICOM-RTV metadata",
        "rtp": "RTP, another essence",
        "udp": "UDP, no RTP",
    }[flow.kind]
    lines = [
        f"flow {flow.number}: {title}{', in the SDP' if flow.in_sdp else ''}",
        f"     {flow.source} -> {flow.destination}"
        + (
            f", payload type {flow.payload_type}, SSRC {flow.ssrc:08x}"
            if flow.ssrc is not None
            else ""
        ),
        f"     {flow.packets} packets, {flow.octets} octets in {_ms(flow.duration_ns)} ms",
    ]
    if flow.sequence is not None and flow.sequence.glued:
        lines.append(f"     bursts of up to {flow.sequence.largest_burst} packets (offload)")
    if flow.video is not None:
        lines += _video(flow.video)
    if flow.metadata is not None:
        lines += _metadata(flow.metadata)
    lines += [f"{_mark(check.ok)} {check.name}: {check.text}" for check in flow.checks]
    return lines


def _video(video: Video) -> list[str]:
    rate = "" if video.rate is None else f", {video.rate} frames/s"
    lines = [
        f"     {video.format}{rate}, {video.packing}, UDP up to {video.udp_octets} octets",
        f"     {video.units} whole frames or fields, {video.incomplete} incomplete",
    ]
    if video.first_packet_ns is not None:
        lines.append(f"     first packet after its RTP time: {_us_spread(video.first_packet_ns)}")
    return lines + (_pacing(video.pacing) if video.pacing is not None else [])


def _pacing(pacing: Pacing) -> list[str]:
    cinst, vrx = pacing.cinst, pacing.vrx
    lines = [
        f"     {pacing.packets_per_frame} packets a frame, TDRAIN {pacing.drain_ps} ps, "
        f"schedule from {pacing.anchor}",
        f"     Cinst {cinst.p50} / {cinst.p99} / {cinst.p999} / {cinst.max} "
        "(median / 99 % / 99.9 % / max)",
    ]
    if vrx is not None:
        lines.append(
            f"     VRX {vrx.min} .. {vrx.max} packets; latest packet "
            f"{_us(pacing.late_ns)} us behind the gapped schedule"
        )
    for verdict in pacing.types:
        text = (
            f"Cinst {verdict.cinst_max} of {verdict.cmax}, VRX {verdict.vrx_min} .. "
            f"{verdict.vrx_max} of 0 .. {verdict.vrx_full}, "
            f"{verdict.packets_share / 10:.1f} % of packets and "
            f"{verdict.frames_share / 10:.1f} % of frames within"
        )
        if verdict.troff_us is not None:
            text += f"; met with TROFF={verdict.troff_us}"
        lines.append(f"     type {verdict.sender_type:2} {'yes' if verdict.met else 'no '} {text}")
    return lines


def _metadata(metadata: Metadata) -> list[str]:
    lines = [f"     {metadata.grains} whole grains, {metadata.incomplete} incomplete"]
    if metadata.octets_per_grain is not None and metadata.packets_per_grain is not None:
        lines[0] += (
            f", {metadata.octets_per_grain.min} .. {metadata.octets_per_grain.max} octets in "
            f"{metadata.packets_per_grain.min} .. {metadata.packets_per_grain.max} packets"
        )
    lines.append(f"     extension: {', '.join(metadata.elements) or 'none'}")
    if metadata.origin_age_ns is not None:
        lines.append(f"     origin before its RTP time: {_us_spread(metadata.origin_age_ns)}")
    if metadata.flow_id is not None:
        lines.append(f"     flow {metadata.flow_id}, source {metadata.source_id}")
    for grain in metadata.samples:
        part = "with" if grain.static else "without"
        lines.append(f"     grain {part} static part, RTP {grain.timestamp}:")
        lines += [f"       {line}" for line in grain.text]
    return lines
