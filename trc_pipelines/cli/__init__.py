"""The trc command: what people type, and what they see. What is done lives in the other packages."""
