"""SELECT only. Lists and figures answer with frozen rows; a single record may answer as its model."""
