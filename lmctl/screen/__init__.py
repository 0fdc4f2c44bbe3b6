"""What `status` and `top` show: values in, lines of styled text out. Pure."""
