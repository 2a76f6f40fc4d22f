"""Files as phones, computers and enemies make them, each with marks in every place that can hold one."""
