/// A part of a template.
indirect enum TemplateNode: Sendable {
    case text([UInt8])
    case action(TemplatePipeline)
    case branch([(condition: TemplatePipeline, body: [TemplateNode])], otherwise: [TemplateNode])
    case with(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    case breakLoop
    case continueLoop
}

/// `$x := a | b c | d`.
struct TemplatePipeline: Sendable {
    /// Variables it sets, two in a range.
    var variables: [String] = []
    var declares = true
    var commands: [TemplateCommand] = []
}

/// A function with its arguments, or a single operand.
struct TemplateCommand: Sendable {
    var operands: [TemplateOperand]
}

/// What a command is made of.
indirect enum TemplateOperand: Sendable {
    case value(TemplateValue)
    case dot
    case field(of: TemplateOperand?, [String])
    case variable(String)
    /// A function's name and its offset, for errors.
    case function(String, line: Int, column: Int)
    case pipeline(TemplatePipeline)
}
