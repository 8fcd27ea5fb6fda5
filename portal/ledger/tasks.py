"""The beat of the ledger, called every few seconds: order what waits, sign when it is time."""

from celery import shared_task

from portal.ledger import sequencer, signer


@shared_task(name="portal.ledger.tasks.sequence", ignore_result=True)  # type: ignore[untyped-decorator]
def sequence() -> None:
    """Move the queue into the tree and sign a checkpoint if one is due; a refusal is logged and kept on file."""
    sequencer.run_once()
    try:
        signer.checkpoint_if_due()
    except signer.Refused:
        return  # said already: in the log, on the ledger page, by verify_ledger
