"""Cross interpolation of one characteristic function, by jaxprice and by tntorch."""
