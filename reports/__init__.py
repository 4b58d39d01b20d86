"""What people read: plain view objects in, HTML, PDF, XLSX and DOCX out."""
