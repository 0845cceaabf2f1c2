"""Every issue a box knows: id → severity, text, remedy. Pure.

Texts are templates; {subject} is what the issue is about. One line each, short enough for a panel.
"""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str, str]] = {
    # desired state and modes
    "not-provisioned": (
        "info",
        "This box was never told what to be",
        "Provision it from the Configurator, or rtvbox config apply FILE",
    ),
    "desired-damaged": (
        "error",
        "Stored state damaged: {what}",
        "The last good state is used; apply the document again",
    ),
    "state-unwritten": (
        "warning",
        "The state cannot be written: {what}",
        "Make room on the box's disk, or have it looked at",
    ),
    "mode-fallback": (
        "error",
        "Mode {wanted} cannot run: {why}",
        "{remedy}",
    ),
    "converter-failing": (
        "error",
        "The converter failed {times} times in mode {subject}: {why}",
        "The box is idle; correct the document, or rtvbox config rollback",
    ),
    "change-unconfirmed": (
        "warning",
        "The network change waits to be confirmed for {seconds} s",
        "Confirm it from the configuration network, or it is taken back",
    ),
    "change-taken-back": (
        "error",
        "The network change was not confirmed and was taken back",
        "Check the addresses and apply it again",
    ),
    # input, output, flows
    "input-missing": ("error", "Input {subject} is not there", "Plug the card in"),
    "input-no-signal": ("error", "No signal at input {subject}", "Check the cable and the source"),
    "input-mismatch": (
        "error",
        "Input {subject} carries {found}, not {wanted}",
        "Set the source to {wanted}, or change the expected format",
    ),
    "output-missing": ("error", "Output {subject} is not there", "Plug the card or monitor in"),
    "output-refresh": (
        "warning",
        "Monitor {subject} refreshes {found} times a second, the flow has {wanted} pictures",
        "Pictures are repeated or left out; {remedy}",
    ),
    "flow-none": ("error", "Nothing is received of flow {subject}", "Check sender and network"),
    "flow-path-lost": (
        "warning",
        "Flow {subject}: nothing on path {path}",
        "Check that network; the other path carries the picture",
    ),
    "flow-loss": (
        "warning",
        "Flow {subject} loses packets ({packets} in the last 10 s)",
        "Check cables, switch and the sender's pacing",
    ),
    "no-patient": ("info", "No patient is confirmed", "Choose the patient at the Configurator"),
    # network
    "link-missing": (
        "error",
        "Network {subject}: interface {interface} is not there",
        "Plug it in",
    ),
    "link-down": ("error", "Network {subject}: no link", "Check the cable and the switch's port"),
    "link-slow": (
        "error",
        "Network {subject}: {speed} Mb/s, the flows need {needed}",
        "Use a faster port, or fewer or smaller flows",
    ),
    "address-conflict": (
        "error",
        "Network {subject}: {address} is used by {mac} as well",
        "Give one of the two another address",
    ),
    "no-dhcp": (
        "warning",
        "Network {subject}: no DHCP server answers; {address} until one does",
        "Check the network, or give a static address",
    ),
    "dhcp-ending": (
        "warning",
        "Network {subject}: no DHCP server answers; {address} ends in {seconds} s",
        "Check the DHCP server before that, or give a static address",
    ),
    "querier-lost": (
        "warning",
        "Network {subject}: nobody asks for group memberships; the box tells its own unasked",
        "Enable the IGMP querier of the switch, or networks.{subject}.querier",
    ),
    "setting-refused": (
        "warning",
        "Network {subject}: {what} was refused by the driver",
        "Nothing to do where the picture is good; else use another network card",
    ),
    "apply-failed": ("error", "Network {subject}: {what}", "{remedy}"),
    # clock
    "clock-free-run": (
        "warning",
        "Time comes from no grandmaster",
        "Connect the data network to one, or make this box the grandmaster",
    ),
    "clock-holdover": (
        "warning",
        "The grandmaster is lost; times hold for {seconds} s more",
        "Check the grandmaster and its network",
    ),
    "clock-lost": ("error", "The grandmaster is lost", "Check the grandmaster and its network"),
    "clock-no-utc": (
        "warning",
        "The grandmaster does not say TAI - UTC",
        "Set currentUtcOffsetValid at the grandmaster",
    ),
    "clock-wrong-utc": (
        "error",
        "The grandmaster says TAI - UTC = {said} s, this box knows {known}",
        "Correct the grandmaster, or update this box",
    ),
    "clock-untraceable": (
        "info",
        "The grandmaster's time goes back to no reference (clock class {quality})",
        "Nothing to do where these boxes alone need one time; else check its reference",
    ),
    "clock-changed": (
        "warning",
        "The grandmaster is {grandmaster} now, it was {was}",
        "Nothing to do where that was meant; else look which one should win, and its priorities",
    ),
    "clock-jump": ("error", "The grandmaster's time jumped by {seconds} s", "Check it"),
    "clock-software": (
        "info",
        "PTP without hardware timestamps on {subject}",
        "Use a network card with a PTP clock for better than 10 us",
    ),
    "clock-daemon": ("error", "{subject} does not run: {why}", "See the journal of {subject}"),
    # the box itself
    "service-silent": ("error", "Service {subject} says nothing", "See its journal"),
    "agent-certificate": (
        "warning",
        "The box's certificate {why}",
        "Enrol the box again at the Configurator",
    ),
}
