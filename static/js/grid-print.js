// The print button; Ctrl+P does the same.
document.querySelector('[data-act="print"]')?.addEventListener('click', () => print());
