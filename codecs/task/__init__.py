"""The task-oriented codec: the receiver infers a label from the symbols."""
