package render

// widths are those of Helvetica, in thousandths of the size of the text, from the space to the tilde (Adobe's font metrics): the common sans-serif fonts
// share them.
var widths = [...]int{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}

// otherWidth is of all other letters, about.
const otherWidth = 600

// TextWidth is how many pixels a text of a size takes.
func TextWidth(text string, size float64) float64 {
	sum := 0
	for _, c := range text {
		if at := int(c) - ' '; at >= 0 && at < len(widths) {
			sum += widths[at]
		} else {
			sum += otherWidth
		}
	}
	return float64(sum) * size / 1000
}
