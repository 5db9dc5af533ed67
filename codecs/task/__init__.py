"""The task-oriented codec, alone or several of them: the receiver infers a label from the symbols."""
