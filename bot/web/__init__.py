"""The web server and what both of its sides share: headers, forms, pages. It knows no case."""
