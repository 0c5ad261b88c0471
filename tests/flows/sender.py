"""A C-STORE sender that sends what it is given, byte for byte, also what no library would encode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from io import BytesIO

from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE

from storage.dicom.parse import read_meta

EXPLICIT = "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
NO_ANSWER = -1
PATIENCE_S = 30
GLANCE_S = 0.2  # how often a sender that waits for an answer looks whether the other side is still there


class Sender:
    """One association in one transfer syntax."""

    def __init__(self, port: int, syntax: str = EXPLICIT, title: str = "SENDER") -> None:
        entity = AE(title)
        entity.network_timeout = entity.acse_timeout = PATIENCE_S
        entity.dimse_timeout = GLANCE_S
        entity.add_requested_context(CT, [syntax if UID(syntax).is_valid else EXPLICIT])
        self._association = entity.associate("127.0.0.1", port)
        self._number = 0

    @property
    def established(self) -> bool:
        return bool(self._association.is_established)

    def send(self, dataset: bytes) -> int:
        """Send the bytes of a dataset, or none; the status of the answer, NO_ANSWER when the other side has gone."""
        self._number += 1
        request = C_STORE()
        request.MessageID = self._number
        request.AffectedSOPClassUID = CT
        request.AffectedSOPInstanceUID = f"1.2.3.{self._number}"
        request.Priority = 2
        request.DataSet = BytesIO(dataset) if dataset else None
        association = self._association
        if not association.is_established:
            return NO_ANSWER
        # As `send_c_store` does, without its encoding: nobody else may take the answer.
        association._reactor_checkpoint.clear()
        try:
            association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
            answer = self._answer()
        except (OSError, AttributeError, IndexError):  # it was cut while sending
            return NO_ANSWER
        finally:
            association._reactor_checkpoint.set()
        return NO_ANSWER if answer is None else int(answer.Status)

    def _answer(self) -> C_STORE | None:
        """What the other side says; None when it has gone, which pynetdicom tells only somebody who waits already."""
        association = self._association
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            gone = association.dul.state_machine.current_state == "Sta1"
            _, answer = association.dimse.get_msg(block=not gone)
            if answer is not None or gone:
                return answer
        return None

    def close(self) -> None:
        if self._association.is_established:
            self._association.release()
        else:
            self._association.abort()


def split(data: bytes) -> tuple[str, bytes]:
    """The transfer syntax that a file declares, and its dataset."""
    start, syntax = read_meta(data)
    return syntax or EXPLICIT, data[start:]


def send_files(port: int, files: Sequence[bytes]) -> list[int]:
    """Store files, each in the transfer syntax that it declares; a status for each, in their order."""
    statuses: list[int] = []
    sender, syntax = None, ""
    for data in files:
        declared, dataset = split(data)
        if sender is None or declared != syntax or not sender.established:
            if sender:
                sender.close()
            sender, syntax = Sender(port, declared), declared
        statuses.append(sender.send(dataset) if sender.established else NO_ANSWER)
    if sender:
        sender.close()
    return statuses
