"""Reports to senders, read back by Python's email package: each part, field and recipient."""

import email
import email.policy
import subprocess

import pytest

from server import Build

TRADITIONAL = ["text/plain", "message/delivery-status", "text/rfc822-headers"]
NAMES = {
    "refused": TRADITIONAL,
    "full": TRADITIONAL[:2] + ["message/rfc822"],
    "cut": TRADITIONAL,
    "two": TRADITIONAL,
    "delayed": TRADITIONAL,
    "delivered": TRADITIONAL,
    "relayed": TRADITIONAL,
    "expanded": TRADITIONAL,
    "without original": TRADITIONAL[:2],
    "8-bit body, full": TRADITIONAL,
    "8-bit header": TRADITIONAL,
    "long line, NUL, bare line ends": TRADITIONAL,
    "UTF-8": ["text/plain", "message/global-delivery-status", "message/global"],
    "UTF-8, header": ["text/plain", "message/global-delivery-status", "message/global-headers"],
    "UTF-8 not to be seen": [TRADITIONAL[0], "message/global-delivery-status", TRADITIONAL[2]],
    "UTF-8 that ASCII must carry": TRADITIONAL,
    "nasty": TRADITIONAL,
}


def octets(name):
    program = Build.find().directory / "smtp_test_report"
    return subprocess.run([program, name], check=True, capture_output=True, timeout=60).stdout


def read(name, policy=email.policy.SMTPUTF8):
    return email.message_from_bytes(octets(name), policy=policy)


def recipients(report):
    """Fields of the message, then of each recipient. The package knows this one type."""
    return report.get_payload()[1].get_payload()


@pytest.mark.parametrize("name", NAMES)
def test_a_report_has_its_parts_and_no_defect(name):
    report = read(name)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in report.get_payload()] == NAMES[name]
    assert not [part.defects for part in report.get_payload()[:2] if part.defects]
    assert not report.defects


@pytest.mark.parametrize("name", NAMES)
def test_the_header_is_what_a_report_needs_and_nothing_else(name):
    report = read(name)
    wanted = "Date From To Subject Message-ID Auto-Submitted MIME-Version Content-Type".split()
    assert [field for field in report.keys() if field not in ("In-Reply-To", "References")] == wanted
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["From"].addresses[0].display_name == "Mail Delivery System"
    assert report["Date"].datetime


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("UTF-8")])
def test_the_status_has_fields_alone(name):
    for block in recipients(read(name)):
        assert not block.defects and not block.get_payload()
        assert set(block.keys()) <= {
            *("Original-Envelope-Id", "Reporting-MTA", "Arrival-Date", "Original-Recipient"),
            *("Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code"),
            *("Last-Attempt-Date", "Will-Retry-Until"),
        }


def test_each_recipient_has_a_block():
    message, bob, c_d = recipients(read("two", email.policy.compat32))
    assert message["Reporting-MTA"] == "dns; mail.example.org"
    assert bob["Final-Recipient"] == "rfc822; bob@away.org"
    assert bob["Status"] == "5.2.2"
    assert c_d["Final-Recipient"] == 'rfc822; "c d"@far.net'


def test_words_beyond_ascii_are_read_by_people():
    words = read("refused").get_payload()[0].get_content()
    assert "    Subject     Grüße\n" in words.replace("\r\n", "\n")


def test_the_original_is_in_it_octet_for_octet():
    (original,) = read("full").get_payload()[2].get_payload()
    assert original["Message-ID"] == "<first@example.org>"
    assert original.get_content() == "Hello.\r\n"


def test_an_encoded_header_comes_back_octet_for_octet():
    part = read("8-bit header").get_payload()[2]
    assert part.get_payload(decode=True).startswith(b"Subject: Gr\xfc\xdfe\r\n")


def test_a_person_nobody_can_write_to_in_ascii_is_still_named():
    (group,) = read("UTF-8 that ASCII must carry")["To"].groups
    assert group.display_name == "äö@example.org" and not group.addresses
